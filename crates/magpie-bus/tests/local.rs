//! The in-process bus passes the conformance suite of buses.

use magpie_bus::local::LocalBus;

magpie_testkit::bus_conformance!(LocalBus::default());
