//! Identity: user tokens, API keys, signed dialect paths.
