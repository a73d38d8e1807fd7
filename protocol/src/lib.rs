//! What the bytes of RocketMQ 4.x mean: no sockets, files, clock or runtime.
