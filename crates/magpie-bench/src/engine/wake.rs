//! Sleeping until a socket is ready or a moment has come, to the microsecond: epoll with a timer
//! of its own, because epoll's timeout counts milliseconds.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context as _, Result};
use rustix::{
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::Errno,
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
};

use super::conn::Readiness;

/// Events taken at once: few enough that their answers do not wait long for one another.
const EVENTS: usize = 256;
/// The timer's mark among the connections'.
const TIMER: u64 = u64::MAX;
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Sockets and a timer to wait for.
pub(crate) struct Wake {
    epoll: OwnedFd,
    timer: OwnedFd,
    armed_us: Option<u64>,
    events: Vec<Event>,
}

impl Wake {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll_create")?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).context("timerfd_create")?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)
            .context("epoll_ctl")?;
        Ok(Self { epoll, timer, armed_us: None, events: Vec::with_capacity(EVENTS) })
    }

    /// Watches a socket, edge by edge, for as long as it is open.
    pub(crate) fn watch(&self, socket: impl AsFd, id: usize, generation: u32) -> Result<()> {
        let data = EventData::new_u64(id as u64 | u64::from(generation) << 32);
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, socket, data, flags).context("epoll_ctl")
    }

    /// Sleeps until a socket is ready or `until_us` has come, at times shorter; adds what is ready.
    pub(crate) fn wait(
        &mut self,
        until_us: u64,
        now_us: u64,
        ready: &mut Vec<Readiness>,
    ) -> Result<()> {
        let timeout = if until_us <= now_us {
            Some(&NOW)
        } else {
            self.arm(until_us, now_us)?;
            None
        };
        self.events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll_wait"),
        }
        for event in &self.events {
            let (data, flags) = (event.data.u64(), event.flags);
            if data == TIMER {
                self.armed_us = None;
                continue;
            }
            let ended = flags.intersects(EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP);
            ready.push(Readiness {
                id: usize::try_from(data & 0xffff_ffff).unwrap_or_default(),
                generation: u32::try_from(data >> 32).unwrap_or_default(),
                ended,
                readable: ended || flags.contains(EventFlags::IN),
                writable: flags.contains(EventFlags::OUT),
            });
        }
        Ok(())
    }

    fn arm(&mut self, until_us: u64, now_us: u64) -> Result<()> {
        // A timer that is set for an earlier moment may go off: setting it costs more.
        if self.armed_us.is_some_and(|armed_us| now_us < armed_us && armed_us <= until_us) {
            return Ok(());
        }
        let wait_us = until_us - now_us;
        let seconds = i64::try_from(wait_us / 1_000_000).unwrap_or(i64::MAX);
        let nanos = i64::try_from(wait_us % 1_000_000 * 1_000).unwrap_or_default();
        let once =
            Itimerspec { it_interval: NOW, it_value: Timespec { tv_sec: seconds, tv_nsec: nanos } };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once).context("timerfd")?;
        self.armed_us = Some(until_us);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write as _;

    use super::*;
    use crate::engine::clock::Clock;

    #[test]
    fn it_sleeps_until_the_moment_and_not_past_a_ready_socket() {
        let clock = Clock::start();
        let (mut wake, mut ready) = (Wake::new().unwrap(), Vec::new());
        let until_us = clock.now_us() + 1_500;
        while clock.now_us() < until_us {
            wake.wait(until_us, clock.now_us(), &mut ready).unwrap();
            assert!(ready.is_empty());
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        wake.watch(&near, 7, 3).unwrap();
        far.write_all(b"x").unwrap();
        while !ready.iter().any(|one: &Readiness| one.readable) {
            ready.clear();
            wake.wait(u64::MAX, 0, &mut ready).unwrap();
        }
        assert_eq!((ready[0].id, ready[0].generation), (7, 3));
    }
}
