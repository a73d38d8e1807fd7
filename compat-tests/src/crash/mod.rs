//! Load from several connections, kill -9, and the checker of what was acknowledged.
