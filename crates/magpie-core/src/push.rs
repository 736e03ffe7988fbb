//! Server push: a backend puts a value on a channel of one user. Stored values have a version, a
//! hold time and a replay rule; passing values go to whoever is connected and nowhere else.

pub mod publish;
pub mod waiters;

pub use waiters::Waiters;
