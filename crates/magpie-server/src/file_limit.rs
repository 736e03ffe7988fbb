//! How many files, and so how many connections, this process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files kept free for the store, logs and connections that are about to close.
pub const RESERVED_FILES: u64 = 512;

/// The soft and the hard limit of open files; `None` means no limit.
#[must_use]
pub fn current() -> (Option<u64>, Option<u64>) {
    let limit = getrlimit(Resource::Nofile);
    (limit.current, limit.maximum)
}

/// Raises the soft limit to the hard one and returns the limit that holds now. Shells and service
/// managers hand out a low soft limit for old programs only.
#[must_use]
pub fn raise() -> u64 {
    let (_, hard) = current();
    // Refused: the old limit stays, and the banner shows what it allows.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard });
    current().0.unwrap_or(u64::MAX)
}

/// Connections to take: as configured, at most what the file limit leaves.
#[must_use]
pub fn connections_max(configured: usize, file_limit: u64) -> usize {
    let room =
        usize::try_from(file_limit.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX).max(16);
    if configured == 0 { room } else { configured.min(room) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_store() {
        assert_eq!(connections_max(0, 1_024), 512);
        assert_eq!(connections_max(100, 1_024), 100);
        assert_eq!(connections_max(10_000, 1_024), 512);
        assert_eq!(connections_max(0, 100), 16);
    }

    #[test]
    fn raising_never_lowers() {
        let before = current().0.unwrap_or(u64::MAX);
        assert!(raise() >= before);
    }
}
