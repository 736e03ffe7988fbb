//! Two runs of different length, so that what happens once cancels out. Between them a function
//! is called at whose entry callgrind writes its counts down (`--dump-before`, by its name).

/// Why a run could not be done, in words.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Callgrind's cue: what was counted until here is one part.
#[inline(never)]
pub fn part_ends(part: u8) {
    std::hint::black_box(part);
}

/// Rounds of both runs, and of the warm-up before them.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// Not counted: first messages, first pages, grown tables.
    pub warm_up: u64,
    /// In the shorter run.
    pub short: u64,
    /// In the longer run.
    pub long: u64,
}

impl Rounds {
    /// Runs `work` for the warm-up, the shorter and the longer run: three parts.
    ///
    /// # Errors
    /// What the work says.
    pub fn run(self, mut work: impl FnMut(u64) -> Result<(), Fault>) -> Result<(), Fault> {
        for (part, rounds) in (1..).zip([self.warm_up, self.short, self.long]) {
            work(rounds)?;
            part_ends(part);
        }
        Ok(())
    }
}
