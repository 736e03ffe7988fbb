//! A seeded mutator: grows endless hostile inputs out of a small corpus, the same for the same
//! seed. Drives the fuzz targets on a stable toolchain; knows nothing of what the bytes mean.

/// Numbers that parsers get wrong: edges of lengths, signs, codes and characters.
const EDGES: &[u8] = &[
    0x00, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x22, 0x5c, 0x7b, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88,
    0x89, 0x8a, 0xbf, 0xc0, 0xed, 0xf0, 0xf4, 0xfe, 0xff,
];

/// Makes inputs out of a corpus.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
    input_max_bytes: usize,
}

impl Mutator {
    /// A mutator over `corpus` whose inputs have at most `input_max_bytes`.
    ///
    /// An empty corpus counts as one empty input.
    #[must_use]
    pub fn new(seed: u64, mut corpus: Vec<Vec<u8>>, input_max_bytes: usize) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        for input in &mut corpus {
            input.truncate(input_max_bytes);
        }
        Self { state: seed, corpus, input_max_bytes }
    }

    /// The next input: one of the corpus, changed in one to eight places.
    pub fn next_input(&mut self) -> Vec<u8> {
        let index = self.below(self.corpus.len());
        let mut input = self.corpus[index].clone();
        for _ in 0..=self.below(8) {
            self.mutate(&mut input);
            input.truncate(self.input_max_bytes);
        }
        input
    }

    /// Changes one thing.
    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(9) {
            0 => input.insert(at, self.byte()),
            1 => input.insert(at, self.edge()),
            2 => drop(input.splice(at.., [])),
            3 => self.insert_other(input, at),
            4 => self.repeat_range(input, at),
            5 => drop(input.splice(self.range(at, input.len()), [])),
            _ => self.overwrite(input, at),
        }
    }

    fn overwrite(&mut self, input: &mut Vec<u8>, at: usize) {
        let (way, byte, edge, bit) = (self.below(4), self.byte(), self.edge(), self.below(8));
        let Some(target) = input.get_mut(at) else { return input.push(byte) };
        *target = match way {
            0 => byte,
            1 => edge,
            2 => *target ^ (1 << bit),
            _ => target.wrapping_add(1),
        };
    }

    /// Puts a piece of another input of the corpus in the middle.
    fn insert_other(&mut self, input: &mut Vec<u8>, at: usize) {
        let index = self.below(self.corpus.len());
        let other_len = self.corpus[index].len();
        let start = self.below(other_len + 1);
        let range = self.range(start, other_len);
        input.splice(at..at, self.corpus[index][range].iter().copied());
    }

    fn repeat_range(&mut self, input: &mut Vec<u8>, at: usize) {
        let range = self.range(at, input.len());
        let piece = input[range].repeat(1 + self.below(4));
        input.splice(at..at, piece);
    }

    /// From `start` to somewhere not after `end`, more often short than long.
    fn range(&mut self, start: usize, end: usize) -> std::ops::Range<usize> {
        let longest = end - start;
        let len = if self.below(2) == 0 { longest.min(8) } else { longest };
        start..start + self.below(len + 1)
    }

    fn byte(&mut self) -> u8 {
        self.random().to_le_bytes()[7]
    }

    fn edge(&mut self) -> u8 {
        EDGES[self.below(EDGES.len())]
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        let scaled = (u128::from(self.random()) * end as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// `SplitMix64`: enough to wander, and the same on every machine.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn corpus() -> Vec<Vec<u8>> {
        vec![b"{\"t\":\"ping\"}".to_vec(), vec![0x81, 0x85, 1, 2, 3, 4, 5], Vec::new()]
    }

    #[test]
    fn the_same_seed_gives_the_same_inputs_and_another_gives_others() {
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed, corpus(), 200);
            (0..500).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn inputs_are_many_and_never_too_long() {
        let mut mutator = Mutator::new(7, corpus(), 64);
        let inputs: HashSet<Vec<u8>> = (0..2000).map(|_| mutator.next_input()).collect();
        assert!(inputs.iter().all(|input| input.len() <= 64));
        assert!(inputs.len() > 1500, "{} different inputs of 2000", inputs.len());
        assert!(inputs.iter().any(|input| input.len() > 40));
    }

    #[test]
    fn an_empty_corpus_still_gives_inputs() {
        let mut mutator = Mutator::new(7, Vec::new(), 16);
        assert!((0..100).any(|_| !mutator.next_input().is_empty()));
    }
}
