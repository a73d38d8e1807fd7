//! The rules alone: what follows from the configuration and from one look at the disk.

use std::path::PathBuf;

use crate::config::{BrokerConfig, Value};
use crate::store::disk::Usage;

/// What was seen.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The fuller one of the file systems in use, by a folder in it.
    pub(super) disk: (PathBuf, Usage),
    /// From the log's first byte to its last.
    pub(super) log_bytes: u64,
    /// Of the day.
    pub(super) hour: u8,
    /// A message met a full disk, whatever the figures say.
    pub(super) met_full: bool,
    /// An operator asked for it.
    pub(super) by_hand: bool,
}

/// Which file is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The oldest one if it is expired.
    Expired,
    /// The oldest one, whatever its age.
    Oldest,
}

/// What is to go, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) which: Which,
    /// In the words of the configuration.
    pub(super) rule: String,
    pub(super) is_for_space: bool,
}

/// What is to be deleted next, if anything.
pub(super) fn order(config: &BrokerConfig, look: &Look) -> Option<Order> {
    if config.clean_file_forcibly_enable
        && let Some(rule) = above(look, "diskSpaceCleanForciblyRatio", config.disk_space_clean_forcibly_ratio)
            .or_else(|| free_too_little(config, look))
            .or_else(|| met_full(look))
            .or_else(|| log_too_long(config, look))
    {
        return Some(Order { which: Which::Oldest, rule, is_for_space: true });
    }
    let (why, is_for_space) = if config.delete_when.contains(look.hour) {
        (format!("deleteWhen={}", config.delete_when.show()), false)
    } else if look.by_hand {
        ("asked for by an operator".to_owned(), false)
    } else {
        let fuller = above(look, "diskMaxUsedSpaceRatio", config.disk_max_used_space_ratio);
        (fuller.or_else(|| log_too_long(config, look))?, true)
    };
    let rule = format!("fileReservedTime={}, {why}", config.file_reserved_time_hours);
    Some(Order { which: Which::Expired, rule, is_for_space })
}

/// Why no message may be taken; None if one may.
pub(super) fn fullness(config: &BrokerConfig, look: &Look) -> Option<String> {
    let of_disk = above(look, "diskSpaceWarningLevelRatio", config.disk_space_warning_level_ratio)
        .or_else(|| free_too_little(config, look))
        .map(|rule| format!("{rule}: {}", figures(look)));
    of_disk.or_else(|| {
        let too_long = log_too_long(config, look).filter(|_| !config.clean_file_forcibly_enable)?;
        Some(format!("{too_long}, cleanFileForciblyEnable=false"))
    })
}

/// In words, that the disk is fuller than `limit` percent, which `key` sets; None if it is not.
fn above(look: &Look, key: &str, limit: u32) -> Option<String> {
    let (disk, percent) = (look.disk.0.display(), look.disk.1.percent());
    (percent > limit).then(|| format!("{percent} % of the disk of {disk} are used, {key}={limit}"))
}

fn free_too_little(config: &BrokerConfig, look: &Look) -> Option<String> {
    let (disk, free, min) = (look.disk.0.display(), look.disk.1.available, config.disk_free_bytes_min);
    (free < min).then(|| format!("{free} bytes of the disk of {disk} are free, diskFreeBytesMin={min}"))
}

fn met_full(look: &Look) -> Option<String> {
    look.met_full.then(|| format!("a message met a full disk: {}", figures(look)))
}

fn log_too_long(config: &BrokerConfig, look: &Look) -> Option<String> {
    let (bytes, max) = (look.log_bytes, config.commit_log_max_bytes);
    (max > 0 && bytes > max).then(|| format!("the log has {bytes} bytes, commitLogMaxBytes={max}"))
}

fn figures(look: &Look) -> String {
    let Usage { used, available, .. } = look.disk.1;
    format!("{used} bytes are used, {available} are available")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(percent: u64) -> Look {
        let usage = Usage { total: 1000, used: percent * 10, available: 1000 - percent * 10 };
        Look { disk: ("/d".into(), usage), log_bytes: 500, hour: 12, met_full: false, by_hand: false }
    }

    #[track_caller]
    fn check(config: &BrokerConfig, look: &Look, expected: Option<(Which, &str)>, refuses: bool) {
        let order = order(config, look);
        match (&order, expected) {
            (None, None) => {}
            (Some(order), Some((which, rule))) if order.which == which && order.rule.contains(rule) => {}
            (order, expected) => panic!("{look:?}: {order:?}, not {expected:?}"),
        }
        assert_eq!(fullness(config, look).is_some(), refuses, "{look:?}: {:?}", fullness(config, look));
    }

    #[test]
    fn the_disk_is_kept_from_filling_as_java_does() {
        let config = BrokerConfig::default();
        check(&config, &look(75), None, false);
        check(
            &config,
            &look(76),
            Some((Which::Expired, "76 % of the disk of /d are used, diskMaxUsedSpaceRatio=75")),
            false,
        );
        check(&config, &look(86), Some((Which::Oldest, "diskSpaceCleanForciblyRatio=85")), false);
        check(&config, &look(90), Some((Which::Oldest, "diskSpaceCleanForciblyRatio=85")), false);
        check(&config, &look(91), Some((Which::Oldest, "diskSpaceCleanForciblyRatio=85")), true);
        let gentle = BrokerConfig { clean_file_forcibly_enable: false, ..config };
        check(&gentle, &look(91), Some((Which::Expired, "diskMaxUsedSpaceRatio=75")), true);
        let reason = fullness(&gentle, &look(91)).expect("it is full");
        let numbers =
            "91 % of the disk of /d are used, diskSpaceWarningLevelRatio=90: 910 bytes are used, 90 are available";
        assert_eq!(reason, numbers);
    }

    #[test]
    fn what_is_expired_goes_at_its_hour_or_when_asked_for() {
        let config = BrokerConfig::default();
        check(
            &config,
            &Look { hour: 4, ..look(10) },
            Some((Which::Expired, "fileReservedTime=72, deleteWhen=04")),
            false,
        );
        check(&config, &Look { hour: 5, ..look(10) }, None, false);
        let by_hand = Look { by_hand: true, ..look(10) };
        check(&config, &by_hand, Some((Which::Expired, "fileReservedTime=72, asked for by an operator")), false);
    }

    #[test]
    fn limits_in_bytes_hold_beside_those_in_percent() {
        let config = BrokerConfig { commit_log_max_bytes: 499, ..BrokerConfig::default() };
        check(&config, &look(10), Some((Which::Oldest, "the log has 500 bytes, commitLogMaxBytes=499")), false);
        let gentle = BrokerConfig { clean_file_forcibly_enable: false, ..config };
        check(&gentle, &look(10), Some((Which::Expired, "commitLogMaxBytes=499")), true);
        let config = BrokerConfig { commit_log_max_bytes: 500, disk_free_bytes_min: 901, ..BrokerConfig::default() };
        check(
            &config,
            &look(10),
            Some((Which::Oldest, "900 bytes of the disk of /d are free, diskFreeBytesMin=901")),
            true,
        );
        check(&config, &look(9), None, false);
        let met_full = Look { met_full: true, ..look(9) };
        check(&config, &met_full, Some((Which::Oldest, "a message met a full disk: 90 bytes are used")), false);
    }
}
