//! Memory of the server's process, and of the kernel for all of the machine.

use anyhow::{Context as _, Result};

/// Memory of a process in KiB, from `/proc/PID/smaps_rollup`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) rss_kib: f64,
    /// Resident, shared pages counted by their share.
    pub(crate) pss_kib: f64,
    /// Without pages of files: heap and stacks.
    pub(crate) anonymous_kib: f64,
}

impl Memory {
    /// Of this process, now.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let field = |name| field_kib(&text, name).with_context(|| format!("{path}: no {name}"));
        Ok(Self {
            rss_kib: field("Rss")?,
            pss_kib: field("Pss")?,
            anonymous_kib: field("Anonymous")?,
        })
    }
}

/// Memory of the kernel's own objects (sockets, files) on the whole machine.
pub(crate) fn slab_kib() -> Option<f64> {
    field_kib(&std::fs::read_to_string("/proc/meminfo").ok()?, "Slab")
}

fn field_kib(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    rest.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "Pss_Dirty:  7 kB\nPss:    1234 kB\nAnonymous: 99 kB\n";
        assert_eq!(field_kib(text, "Pss"), Some(1234.0));
        assert_eq!(field_kib(text, "Rss"), None);
    }

    #[test]
    fn this_process_has_memory_and_so_has_the_kernel() {
        assert!(Memory::of(std::process::id()).unwrap().anonymous_kib > 0.0);
        assert!(slab_kib().unwrap() > 0.0);
    }
}
