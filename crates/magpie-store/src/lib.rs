//! The embedded store: SQLite behind the core's store port.
