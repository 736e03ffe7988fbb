//! The inter-node bus behind the core's bus port.
