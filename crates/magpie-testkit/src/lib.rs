//! Test doubles: in-memory store, faulty bus, mock clock, conformance suites.

pub mod mutator;
