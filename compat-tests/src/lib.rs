//! Starts servers, holds conversations, kills processes: what the tests in `tests/` share.
