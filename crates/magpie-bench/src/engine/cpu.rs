//! Processor time of the generator and of the server, and which cores they may use.

use anyhow::{Context as _, Result, bail};
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

use super::clock::Clock;

/// Ticks a second in `/proc/PID/stat`; fixed in the kernel's interface to programs.
const TICKS_PER_S: f64 = 100.0;
/// Above this share of a core the generator may be what limits.
const BUSY: f64 = 0.9;

/// Processor seconds of this process.
fn own_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Processor seconds of another process.
fn of_process_s(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat =
        std::fs::read_to_string(&path).with_context(|| format!("{path}: has the server ended?"))?;
    let fields = stat.rsplit_once(") ").with_context(|| format!("{path}: no name"))?.1;
    let mut ticks = 0.0;
    for field in fields.split(' ').skip(11).take(2) {
        ticks += field.parse::<f64>().with_context(|| format!("{path}: {field:?}"))?;
    }
    Ok(ticks / TICKS_PER_S)
}

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    clock: Clock,
    pid: Option<u32>,
    begun_s: f64,
    own_s: f64,
    server_s: f64,
}

/// What was used since that moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// Seconds that passed.
    pub(crate) wall_s: f64,
    /// Processor seconds of the generator.
    pub(crate) generator_s: f64,
    /// Processor seconds of the server, if it is a process of ours.
    pub(crate) server_s: Option<f64>,
}

impl Meter {
    /// Begins now. `pid`: the server's process.
    pub(crate) fn start(clock: Clock, pid: Option<u32>) -> Result<Self> {
        let server_s = pid.map_or(Ok(0.0), of_process_s)?;
        Ok(Self { clock, pid, begun_s: clock.now_s(), own_s: own_s(), server_s })
    }

    /// What was used since.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let server_s = match self.pid {
            Some(pid) => Some(of_process_s(pid)? - self.server_s),
            None => None,
        };
        let wall_s = self.clock.now_s() - self.begun_s;
        Ok(Usage { wall_s, generator_s: own_s() - self.own_s, server_s })
    }
}

impl Usage {
    /// Figures for so many messages, on so many cores of the server.
    pub(crate) fn figures(&self, messages: u64, server_cores: usize) -> Vec<(String, f64)> {
        let each = |seconds: f64| seconds * 1e6 / messages.max(1) as f64;
        let mut figures = vec![
            ("generator_cpu_us_per_message".to_owned(), each(self.generator_s)),
            ("generator_utilisation".to_owned(), self.generator_s / self.wall_s),
            ("measured_s".to_owned(), self.wall_s),
        ];
        if let Some(server_s) = self.server_s {
            let share = server_s / self.wall_s / server_cores.max(1) as f64;
            figures.push(("server_cpu_us_per_message".to_owned(), each(server_s)));
            figures.push(("server_utilisation".to_owned(), share));
        }
        figures
    }

    /// Whether the generator was the bottleneck. `saturating`: the scenario loads as much as it
    /// can, so a server with time left was not the limit.
    pub(crate) fn generator_bound(&self, saturating: bool, server_cores: usize) -> bool {
        let idle_server = self.server_s.is_some_and(|server_s| {
            server_s / self.wall_s / (server_cores.max(1) as f64) < BUSY
                && self.generator_s > server_s
        });
        self.generator_s / self.wall_s > BUSY || (saturating && idle_server)
    }
}

/// The cores that a list such as `0`, `1-3` or `0,2` names.
pub(crate) fn cores(list: &str) -> Result<Vec<usize>> {
    let mut cores = Vec::new();
    for part in list.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let wrong = || format!("{list:?} is no list of cores: write 0 or 0,2 or 1-3");
        let first: usize = first.trim().parse().with_context(wrong)?;
        let last: usize = last.trim().parse().with_context(wrong)?;
        if first > last || last >= CpuSet::MAX_CPU {
            bail!(wrong());
        }
        cores.extend(first..=last);
    }
    Ok(cores)
}

/// Binds the calling thread, and what it starts from now on, to these cores.
pub(crate) fn pin(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    sched_setaffinity(None, &set).with_context(|| {
        format!("this process may not run on cores {cores:?}: does the machine have them?")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn lists_of_cores_are_read_and_others_refused_with_an_example() {
        assert_eq!(cores("0").unwrap(), [0]);
        assert_eq!(cores("0,2-4").unwrap(), [0, 2, 3, 4]);
        assert_eq!(cores("").unwrap(), Vec::<usize>::new());
        for wrong in ["a", "3-1", "0-99999"] {
            assert!(cores(wrong).unwrap_err().to_string().contains("0,2"), "{wrong}");
        }
    }

    #[test]
    fn a_generator_without_time_left_or_ahead_of_an_idle_server_is_the_bottleneck() {
        let usage = |generator_s, server_s| Usage { wall_s: 1.0, generator_s, server_s };
        assert!(usage(0.95, Some(1.0)).generator_bound(true, 1));
        assert!(usage(0.7, Some(0.5)).generator_bound(true, 1));
        assert!(!usage(0.7, Some(0.5)).generator_bound(false, 1));
        assert!(!usage(0.7, Some(0.95)).generator_bound(true, 1));
        assert!(!usage(0.3, None).generator_bound(true, 1));
    }

    #[test]
    fn time_is_divided_by_messages_and_cores() {
        let usage = Usage { wall_s: 2.0, generator_s: 1.0, server_s: Some(3.0) };
        let figures = usage.figures(1_000_000, 2);
        let at = |wanted: &str| figures.iter().find(|(name, _)| name == wanted).unwrap().1;
        assert_eq!(at("server_cpu_us_per_message"), 3.0);
        assert_eq!(at("generator_utilisation"), 0.5);
        assert_eq!(at("server_utilisation"), 0.75);
    }

    #[test]
    fn the_time_of_a_process_is_read() {
        assert!(of_process_s(std::process::id()).unwrap() >= 0.0);
        assert!(of_process_s(u32::MAX).unwrap_err().to_string().contains("ended"));
    }
}
