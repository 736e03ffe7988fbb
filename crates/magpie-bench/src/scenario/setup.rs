//! What every scenario begins with: options that all have, the server under test, users with
//! tokens, an engine towards it, an empty line with the conditions.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, rc::Rc};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Map, Value};

use crate::{
    dialect,
    engine::{
        Engine, Settings,
        clock::{self, Clock},
        cpu::{self, Meter, Usage},
        protocol::{Login, Protocol},
        stamp,
    },
    native::Native,
    result::Line,
    server_process::{API_KEY, Grant, Http, Plan, ServerProcess, version},
    verify::Verdict,
};

/// Options of every scenario.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Server binary to start for each run, on a fresh data directory.
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "url")]
    pub(crate) server: Option<PathBuf>,
    /// Address (IP:PORT) of a server that runs already; its processor time is not seen.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) url: Option<SocketAddr>,
    /// API key of that server.
    #[arg(long, global = true, env = "MAGPIE_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// Cores of the server, such as 0 or 0,1; without it any.
    #[arg(long, global = true, default_value = "", value_name = "CORES")]
    pub(crate) server_cpus: String,
    /// Cores of the generator, such as 1; without it any.
    #[arg(long, global = true, default_value = "", value_name = "CORES")]
    pub(crate) generator_cpus: String,
    /// Start the server on this data directory instead of an empty one.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where empty data directories are made; beside this program if absent. Name a disk.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// A setting of the server, as MAGPIE_SECTION__KEY=VALUE; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) server_env: Vec<String>,
    /// Client protocol: native, or a dialect (market, miao, miniapp, carwash, helpdesk).
    #[arg(long, global = true, default_value = "native")]
    pub(crate) protocol: String,
    /// Address of a dialect on another server, such as /chat/wx/{user}/{peer}.
    #[arg(long, global = true, value_name = "TEMPLATE")]
    pub(crate) path: Option<String>,
    /// Seconds before measuring begins.
    #[arg(long, global = true, default_value_t = 2.0)]
    pub(crate) warm_up_s: f64,
    /// Seconds that are measured.
    #[arg(long, global = true, default_value_t = 5.0)]
    pub(crate) duration_s: f64,
    /// Receivers send delivery marks, as clients of people do.
    #[arg(long, global = true)]
    pub(crate) receipts: bool,
    /// Handshakes under way at once.
    #[arg(long, global = true, default_value_t = 256)]
    pub(crate) at_once: usize,
    /// Connections opened a second; 0: as fast as it goes.
    #[arg(long, global = true, default_value_t = 0)]
    pub(crate) opens_per_s: u64,
    /// Seconds of silence that count as a standstill.
    #[arg(long, global = true, default_value_t = 10.0)]
    pub(crate) standstill_s: f64,
    /// Name of the line, for comparisons; the scenario makes one if absent.
    #[arg(long, global = true)]
    pub(crate) name: Option<String>,
}

/// Everything that is the same for all runs of one call.
pub(crate) struct Bench {
    /// The options.
    pub(crate) common: Common,
    /// The client protocol.
    pub(crate) protocol: Rc<dyn Protocol>,
    /// The generator's clock.
    pub(crate) clock: Clock,
    server_cores: Vec<usize>,
    generator_cores: Vec<usize>,
    machine_cores: usize,
}

impl Bench {
    /// Checks the options and binds this process to its cores.
    pub(crate) fn new(common: Common) -> Result<Self> {
        // Asked first: being bound hides the others.
        let machine_cores = std::thread::available_parallelism().map_or(1, usize::from);
        let server_cores = cpu::cores(&common.server_cpus)?;
        let generator_cores = cpu::cores(&common.generator_cpus)?;
        if common.server.is_none() && common.url.is_none() {
            bail!(
                "name a server: --server target/release/magpie starts one, --url 127.0.0.1:8080 takes one that runs"
            );
        }
        if !generator_cores.is_empty() {
            cpu::pin(&generator_cores)?;
        }
        raise_file_limit();
        let protocol = protocol(&common)?;
        let clock = Clock::start();
        Ok(Self { common, protocol, clock, server_cores, generator_cores, machine_cores })
    }

    /// Starts the server under test, or takes the one that runs.
    pub(crate) fn target(&self) -> Result<Target> {
        if let Some(address) = self.common.url {
            let key = self.common.api_key.clone().unwrap_or_default();
            return Ok(Target { address, key, process: None });
        }
        let binary = self.common.server.clone().unwrap_or_default();
        let binary = std::fs::canonicalize(&binary)
            .with_context(|| format!("no server binary at {}", binary.display()))?;
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let mut environment: Vec<_> =
            dialect::settings(self.protocol.name()).iter().map(own).collect();
        for setting in &self.common.server_env {
            let (key, value) = setting.split_once('=').with_context(|| {
                format!("--server-env {setting:?}: write MAGPIE_SECTION__KEY=VALUE")
            })?;
            environment.push((key.to_owned(), value.to_owned()));
        }
        let own_cores = if self.generator_cores.is_empty() {
            (0..self.machine_cores).collect()
        } else {
            self.generator_cores.clone()
        };
        let process = ServerProcess::start(&Plan {
            binary,
            cores: self.server_cores.clone(),
            own_cores,
            data: self.common.data.as_ref().map(std::path::absolute).transpose()?,
            scratch: self.scratch()?,
            environment,
        })?;
        Ok(Target { address: process.address, key: API_KEY.to_owned(), process: Some(process) })
    }

    /// An engine towards a server.
    pub(crate) fn engine(&self, target: &Target) -> Result<Engine> {
        let settings = Settings {
            address: target.address,
            at_once: self.common.at_once,
            opens_per_s: self.common.opens_per_s,
            standstill_us: micros(self.common.standstill_s),
            run: clock::run_tag(),
        };
        Engine::new(settings, self.protocol.clone(), self.clock)
    }

    /// Logins of users `first`, `first + 1`, ...; each writes to the next of its pair.
    pub(crate) fn logins(
        &self,
        target: &Target,
        first: u32,
        count: usize,
        grant: Grant,
    ) -> Result<Vec<Login>> {
        let mut logins = Vec::with_capacity(count);
        let mut http = match self.protocol.audience() {
            Some(audience) => Some((Http::connect(target.address, &target.key)?, audience)),
            None => None,
        };
        for index in (first..).take(count) {
            let token = match &mut http {
                Some((http, audience)) => {
                    http.token(&self.protocol.user(index), audience, &grant)?
                }
                None => String::new(),
            };
            logins.push(Login { index, peer: index ^ 1, token, cursor: Vec::new() });
        }
        Ok(logins)
    }

    /// Begins to measure processor time.
    pub(crate) fn meter(&self, target: &Target) -> Result<Meter> {
        Meter::start(self.clock, target.process.as_ref().map(ServerProcess::pid))
    }

    /// Adds what a meter saw, for so many messages.
    pub(crate) fn add_usage(&self, line: &mut Line, usage: Usage, messages: u64, saturating: bool) {
        line.add(usage.figures(messages, self.server_core_count()));
        line.generator_bound = usage.generator_bound(saturating, self.server_core_count());
    }

    /// A line with the conditions and no figures.
    pub(crate) fn line(&self, scenario: &str, name: String) -> Result<Line> {
        let common = &self.common;
        let is_own = common.server.is_some();
        let version = match &common.server {
            Some(binary) => version(binary)?,
            None => "unknown".to_owned(),
        };
        let default_name =
            if common.protocol == "native" { name } else { format!("{name} {}", common.protocol) };
        Ok(Line {
            scenario: scenario.to_owned(),
            name: common.name.clone().unwrap_or(default_name),
            version,
            commit: std::env::var("MAGPIE_COMMIT").unwrap_or_else(|_| "unknown".to_owned()),
            cpus: self.machine_cores,
            pinned: !self.server_cores.is_empty() && !self.generator_cores.is_empty(),
            server_cpus: common.server_cpus.clone(),
            generator_cpus: common.generator_cpus.clone(),
            fsync: if is_own { "full" } else { "unknown" }.to_owned(),
            body_bytes: stamp::BODY_BYTES,
            receipts: common.receipts,
            protocol: self.protocol.name().to_owned(),
            params: machine(),
            figures: BTreeMap::new(),
            verdict: Verdict::default(),
            generator_bound: false,
            ok: true,
            error: None,
        })
    }

    fn server_core_count(&self) -> usize {
        if self.server_cores.is_empty() { self.machine_cores } else { self.server_cores.len() }
    }

    /// Beside the build, on the same disk: never a file system in memory.
    fn scratch(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.common.scratch {
            return Ok(std::path::absolute(folder)?);
        }
        let program = std::env::current_exe()?;
        let folder = program.parent().context("this program lies in no folder")?;
        Ok(folder.join("bench-scratch"))
    }
}

/// The server under test.
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its API key.
    pub(crate) key: String,
    /// Its process, if it was started here.
    pub(crate) process: Option<ServerProcess>,
}

/// What of the machine's settings decides about the cost of a small write.
fn machine() -> Map<String, Value> {
    let read = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control");
    let congestion = read.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    Map::from_iter([("tcp_congestion".to_owned(), Value::String(congestion))])
}

/// Microseconds of some seconds.
pub(crate) fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

fn protocol(common: &Common) -> Result<Rc<dyn Protocol>> {
    let name = common.protocol.as_str();
    if name == "native" {
        return Ok(Rc::new(Native));
    }
    dialect::by_name(name, common.path.as_deref())?.with_context(|| {
        format!("no protocol {name:?}: there are native, {}", dialect::NAMES.join(", "))
    })
}

/// Shells hand out a low soft limit for old programs only.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    // Refused: opening connections says how far it came.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard });
}
