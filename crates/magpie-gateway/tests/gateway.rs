//! The gateway on its own: connections over pipes in memory, a store that commits when it is told
//! to, a clock that stands still. What only a race, a panic or a silent peer brings to light.

#[path = "gateway/bans.rs"]
mod bans;
#[path = "gateway/client.rs"]
mod client;
#[path = "gateway/drain.rs"]
mod drain;
#[path = "gateway/fairness.rs"]
mod fairness;
#[path = "gateway/hub.rs"]
mod hub;
#[path = "gateway/lane.rs"]
mod lane;
#[path = "gateway/panics.rs"]
mod panics;
#[path = "gateway/presence.rs"]
mod presence;
#[path = "gateway/replay.rs"]
mod replay;
#[path = "gateway/resume.rs"]
mod resume;
#[path = "gateway/slow_store.rs"]
mod slow_store;
#[path = "gateway/sweep.rs"]
mod sweep;
#[path = "gateway/world.rs"]
mod world;
