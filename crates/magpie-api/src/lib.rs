//! HTTP API v1, its OpenAPI description and the embedded web pages.
