//! The composition root: the only place that names concrete back ends. Opens the store, wires
//! core, bus, gateway and API, serves until a signal, then drains.

use std::{net::TcpListener, sync::Arc, time::Duration};

use anyhow::Context as _;
use magpie_api::ApiState;
use magpie_auth::Authenticator;
use magpie_bus::local::LocalBus;
use magpie_core::{
    Core, Refusal,
    conversation::directory::Directory,
    port::{Bus, Clock, Ids, Origin, Store},
    publish::Publisher,
    push::Waiters,
};
use magpie_gateway::{Gate, Hub, SocketLane, runtimes};
use magpie_proto::UserId;
use magpie_store::sqlite::{OpenOptions, SqliteStore};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    banner, clock::SystemClock, commands::serve::ServeFlags, config::Config, console, demo,
    file_limit, http::Router, ids::RandomIds, media, secrets, wiring,
};

/// How long a demo token lives.
const DEMO_TOKEN_TTL_S: u64 = 12 * 3_600;
/// Histograms are folded this often, so that a server that nobody scrapes does not grow.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Runs the server until it is told to stop.
///
/// # Errors
/// When it cannot start, or ends before it was told to.
pub fn serve(config: Config, flags: ServeFlags) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(config, flags))
}

async fn run(config: Config, flags: ServeFlags) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock::new());
    let files = file_limit::raise();
    let mut node = Node::open(&config, clock.clone()).await?;
    let listener = bind(&config)?;
    let address = listener.local_addr()?;
    if flags.demo
        && let Err(error) = seed_demo(&node.core).await
    {
        // A full disk must not keep the messages that are there from being read.
        node.warnings.push(format!("the demo data could not be written: {error:#}"));
    }
    let metrics = metrics_recorder()?;
    let (draining, is_draining) = tokio::sync::watch::channel(false);
    let state = api_state(&config, flags, &node, metrics.clone(), is_draining);
    let gate = node.gate(&config, files);
    let body_timeout = Duration::from_millis(config.limits.body_timeout_ms);
    let router = Router::new(magpie_api::router(state), body_timeout, config.web.enabled);
    // Handlers are in place before the first line is printed: "ready" means ready.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let runtimes = runtimes::start(&gate, &listener, &(Arc::new(router) as _))?;
    greet(&config, flags, &node, address, clock.uptime_ms());
    if let Some(media) = &node.media {
        media::start_erasing(&*node.core.bus, media);
    }
    tokio::spawn(upkeep(metrics, node.store.clone()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    let _ = draining.send(true);
    let threads = runtimes.drain().await;
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a socket thread has panicked");
        }
    }
    // Not left to the last handle: a connection that was cut may still hold one.
    node.store.close();
    tracing::info!("stopped");
    Ok(())
}

/// What one node is made of.
struct Node {
    core: Arc<Core>,
    store: Arc<SqliteStore>,
    auth: Arc<Authenticator>,
    hub: Arc<Hub>,
    lanes: Vec<Arc<SocketLane>>,
    media: Option<magpie_api::Media>,
    new_api_key: Option<String>,
    warnings: Vec<String>,
}

impl Node {
    /// Opens the store (which locks the data directory) and wires everything to it.
    async fn open(config: &Config, clock: Arc<SystemClock>) -> anyhow::Result<Self> {
        let ids = Arc::new(RandomIds::new()?);
        let bus = Arc::new(LocalBus::default());
        let directory = Arc::new(Directory::default());
        let publisher = Publisher::new(bus.clone(), directory.clone());
        let mut options = OpenOptions::new(&config.server.data, ids.random());
        options.queue_len_max = config.store.queue_len;
        options.readers = config.store.readers;
        let store = SqliteStore::open(options, Arc::new(publisher))?;
        let mut secrets = secrets::load_or_create(config, clock.now_ms())?;
        let new_api_key = secrets.new_api_key.take().map(|new| new.key);
        let warnings = std::mem::take(&mut secrets.warnings);
        let media_secret = secrets.media.clone();
        let auth = Arc::new(Authenticator::new(secrets::auth_settings(config, secrets)?)?);
        let lanes = lanes(config, store.position());
        for lane in &lanes {
            bus.attach(lane.clone());
        }
        let waiters = Arc::new(Waiters::default());
        bus.attach(waiters.clone());
        let hub = Arc::new(Hub::default());
        let store = Arc::new(store);
        let core = Core {
            store: store.clone(),
            bus,
            clock,
            ids,
            presence: hub.clone(),
            policy: wiring::policy(config),
            receipts: Default::default(),
            calls: Default::default(),
            directory,
            waiters,
        };
        let core = Arc::new(core);
        let media = media::open(config, &core, media_secret).await?;
        Ok(Self { core, store, auth, hub, lanes, media, new_api_key, warnings })
    }

    fn gate(&self, config: &Config, files: u64) -> Arc<Gate> {
        Arc::new(Gate::new(
            self.core.clone(),
            self.auth.clone(),
            self.hub.clone(),
            self.lanes.clone(),
            wiring::gateway(config, files),
        ))
    }
}

/// Writes the demo in one go: the queue makes it a few commits.
async fn seed_demo(core: &Core) -> anyhow::Result<()> {
    let mut answers = Vec::new();
    for op in demo::seed(core.now_ms(), &*core.ids)? {
        let (origin, answer) = Origin::call();
        core.submit(op, origin)?;
        answers.push(answer);
    }
    for answer in answers {
        answer.await?.map_err(|rejection| Refusal::from(&rejection))?;
    }
    Ok(())
}

/// What the API may sign in without a password.
fn demo_accounts() -> magpie_api::Demo {
    let users = demo::USERS.iter().filter_map(|user| UserId::parse(user.id).ok()).collect();
    magpie_api::Demo { users, token_ttl_s: DEMO_TOKEN_TTL_S }
}

fn lanes(config: &Config, position: u64) -> Vec<Arc<SocketLane>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = if config.server.workers == 0 { cores } else { config.server.workers };
    (0..count).map(|index| Arc::new(SocketLane::new(index, position))).collect()
}

fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.server.listen;
    let listener = (|| {
        use socket2::{Domain, Protocol, Socket, Type};
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for old sockets in TIME_WAIT; a second server still fails.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        // Room for everybody who comes back at once after a restart.
        socket.listen(4_096)?;
        Ok::<_, std::io::Error>(TcpListener::from(socket))
    })();
    listener.with_context(|| {
        format!(
            "cannot listen on {address}: is another server running there? Stop it, or choose \
             another address with --listen or MAGPIE_LISTEN"
        )
    })
}

fn api_state(
    config: &Config,
    flags: ServeFlags,
    node: &Node,
    metrics: PrometheusHandle,
    draining: tokio::sync::watch::Receiver<bool>,
) -> ApiState {
    ApiState {
        core: node.core.clone(),
        auth: node.auth.clone(),
        metrics,
        site: magpie_api::Site {
            name: "Magpie".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            dev: flags.dev,
        },
        media: node.media.clone(),
        demo: flags.demo.then(demo_accounts),
        limits: magpie_api::Limits {
            http_body_bytes: config.limits.http_body_bytes,
            user_requests_per_s: config.limits.messages_per_s,
            user_requests_burst: config.limits.messages_burst,
        },
        draining,
    }
}

fn metrics_recorder() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().context("metrics could not be set up")
}

async fn upkeep(metrics: PrometheusHandle, store: Arc<SqliteStore>) {
    let queued = metrics::gauge!("magpie_store_queued_writes");
    let tail = metrics::gauge!("magpie_store_tail_bytes");
    let mut timer = tokio::time::interval(METRICS_UPKEEP);
    loop {
        timer.tick().await;
        metrics.run_upkeep();
        queued.set(u32::try_from(store.queued_writes()).unwrap_or(u32::MAX));
        tail.set(u32::try_from(store.tail_bytes()).unwrap_or(u32::MAX));
    }
}

fn greet(
    config: &Config,
    flags: ServeFlags,
    node: &Node,
    address: std::net::SocketAddr,
    elapsed_ms: u64,
) {
    let users: Vec<(&str, &str)> = demo::USERS.iter().map(|user| (user.id, user.name)).collect();
    let facts = banner::Facts {
        config,
        flags,
        address,
        new_api_key: node.new_api_key.as_deref(),
        demo_users: &users,
        warnings: &node.warnings,
    };
    let language = banner::Language::of(|name| std::env::var(name).ok());
    console::write_out(&banner::block(&facts, language));
    console::say(&banner::ready(elapsed_ms));
}
