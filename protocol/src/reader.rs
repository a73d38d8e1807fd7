//! A cursor over big-endian bytes whose every step is checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::DecodeError;

/// Reads forward through bytes; errors carry the offset.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next `length` bytes; a negative length is invalid.
    #[inline]
    pub(crate) fn bytes(&mut self, length: i64, part: &'static str) -> Result<&'a [u8], DecodeError> {
        let Ok(need) = usize::try_from(length) else {
            return Err(DecodeError::Invalid { part, at: self.at, need: "a length of 0 or more" });
        };
        let rest = &self.bytes[self.at..];
        match rest.get(..need) {
            Some(found) => {
                self.at += need;
                Ok(found)
            }
            None => Err(DecodeError::Truncated { part, at: self.at, need, have: rest.len() }),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], DecodeError> {
        let rest = &self.bytes[self.at..];
        match rest.first_chunk::<N>() {
            Some(found) => {
                self.at += N;
                Ok(*found)
            }
            None => Err(DecodeError::Truncated { part, at: self.at, need: N, have: rest.len() }),
        }
    }

    #[inline]
    pub(crate) fn u8(&mut self, part: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(part).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn i16(&mut self, part: &'static str) -> Result<i16, DecodeError> {
        self.array(part).map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i32(&mut self, part: &'static str) -> Result<i32, DecodeError> {
        self.array(part).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i64(&mut self, part: &'static str) -> Result<i64, DecodeError> {
        self.array(part).map(i64::from_be_bytes)
    }

    /// An address of 4 or 16 bytes and a port of 4.
    #[inline]
    pub(crate) fn host(&mut self, v6: bool, part: &'static str) -> Result<SocketAddr, DecodeError> {
        let ip = if v6 {
            IpAddr::V6(Ipv6Addr::from(self.array::<16>(part)?))
        } else {
            IpAddr::V4(Ipv4Addr::from(self.array::<4>(part)?))
        };
        let at = self.at;
        match u16::try_from(self.i32(part)?) {
            Ok(port) => Ok(SocketAddr::new(ip, port)),
            Err(_) => Err(DecodeError::Invalid { part, at, need: "a port of 0 to 65535" }),
        }
    }

    /// The next `length` bytes as UTF-8.
    #[inline]
    pub(crate) fn text(&mut self, length: i64, part: &'static str) -> Result<&'a str, DecodeError> {
        let at = self.at;
        std::str::from_utf8(self.bytes(length, part)?).map_err(|_| DecodeError::Invalid { part, at, need: "UTF-8" })
    }
}
