//! The cases of the standard set, as the options of their scenarios.

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Scenario and options.
    pub(crate) arguments: Vec<&'static str>,
    /// Needs a store with something in it.
    pub(crate) reads_store: bool,
}

impl Case {
    fn new(words: &'static str) -> Self {
        Self { arguments: words.split(' ').collect(), reads_store: false }
    }

    fn reading(words: &'static str) -> Self {
        Self { reads_store: true, ..Self::new(words) }
    }

    /// As one would type it.
    pub(crate) fn words(&self) -> String {
        self.arguments.join(" ")
    }
}

/// The set. The quick one has smaller numbers, not fewer kinds.
pub(crate) fn cases(quick: bool) -> Vec<Case> {
    if quick {
        return vec![
            Case::new("idle --connections 1000 --idle-s 2"),
            Case::new("pairs --senders 100 --window 1"),
            Case::new("pairs --senders 20 --window 16"),
            Case::new("pairs --senders 100 --rate 2000"),
            Case::new("fanout --receivers 200"),
            Case::new("offline --receivers 200"),
            Case::new("reconnect --connections 1000"),
            Case::new("live --pairs 100"),
            Case::new("push --receivers 100"),
            Case::new("push --receivers 100 --rate 2000"),
            Case::reading("history --pages 500"),
            Case::reading("inbox --pages 200"),
        ];
    }
    vec![
        Case::new("idle --connections 19000"),
        Case::new("pairs --senders 500 --window 1"),
        Case::new("pairs --senders 100 --window 16"),
        Case::new("pairs --senders 100 --rate 10000"),
        Case::new("pairs --senders 100 --rate 20000"),
        Case::new("fanout --receivers 1000"),
        Case::new("fanout --receivers 10000"),
        Case::new("offline --receivers 1000 --each 20"),
        Case::new("reconnect --connections 5000"),
        Case::new("reconnect --connections 19000"),
        Case::new("live --pairs 1000"),
        Case::new("push --receivers 1000"),
        Case::new("push --receivers 1000 --rate 80000"),
        Case::reading("history"),
        Case::reading("inbox"),
    ]
}
