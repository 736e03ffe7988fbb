//! Publishing through the bus of one process, the lanes being free.
//! `cargo bench -p magpie-bus`; compares builds on one machine, judges nothing.

use std::{
    hint::black_box,
    sync::{Arc, OnceLock},
};

use magpie_bus::local::LocalBus;
use magpie_core::{
    Audience, Batch, Delivery,
    port::{Bus as _, Lane, Origin},
};

fn main() {
    divan::main();
}

/// A lane that takes everything and does nothing.
struct Idle;

impl Lane for Idle {
    fn committed(&self, batch: &Arc<Batch>) {
        black_box(batch);
    }

    fn passing(&self, delivery: &Arc<Delivery>) {
        black_box(delivery);
    }
}

fn delivery() -> Delivery {
    Delivery {
        audience: Audience::Nobody,
        event: None,
        origin: Origin::None,
        result: None,
        position: 1,
        frame: OnceLock::new(),
        own_frame: OnceLock::new(),
    }
}

/// One commit of sixty-four messages to the lanes of a big and a small machine.
#[divan::bench(args = [2, 16])]
fn publish_64(bencher: divan::Bencher<'_, '_>, lanes: usize) {
    let bus = LocalBus::default();
    (0..lanes).for_each(|_| bus.attach(Arc::new(Idle)));
    let deliveries: Vec<_> = (0..64).map(|_| Arc::new(delivery())).collect();
    let batch = || Batch { position: 1, deliveries: deliveries.clone() };
    bencher.with_inputs(batch).bench_local_values(|batch| bus.publish(batch));
}
