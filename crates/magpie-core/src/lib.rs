//! Rules and use cases of Magpie and the ports it needs. No I/O, no clock, no randomness.
