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
    let percent = look.disk.1.percent();
    let forcibly = config.clean_file_forcibly_enable;
    let oldest = |rule| Some(Order { which: Which::Oldest, rule, is_for_space: true });
    if forcibly && percent > config.disk_space_clean_forcibly_ratio {
        return oldest(above(look, "diskSpaceCleanForciblyRatio", config.disk_space_clean_forcibly_ratio));
    }
    if forcibly && is_free_too_little(config, look) {
        return oldest(free_too_little(config, look));
    }
    if forcibly && look.met_full {
        let Usage { used, available } = look.disk.1;
        return oldest(format!("a message met a full disk: {used} bytes are used, {available} are available"));
    }
    if forcibly && is_log_too_long(config, look) {
        return oldest(log_too_long(config, look));
    }
    let expired = |why: String, is_for_space| {
        let rule = format!("fileReservedTime={}, {why}", config.file_reserved_time_hours);
        Some(Order { which: Which::Expired, rule, is_for_space })
    };
    if config.delete_when.contains(look.hour) {
        expired(format!("deleteWhen={}", config.delete_when.show()), false)
    } else if look.by_hand {
        expired("asked for by an operator".to_owned(), false)
    } else if percent > config.disk_max_used_space_ratio {
        expired(above(look, "diskMaxUsedSpaceRatio", config.disk_max_used_space_ratio), true)
    } else if is_log_too_long(config, look) {
        expired(log_too_long(config, look), true)
    } else {
        None
    }
}

/// Why no message may be taken; None if one may.
pub(super) fn fullness(config: &BrokerConfig, look: &Look) -> Option<String> {
    let Usage { used, available } = look.disk.1;
    let of_disk = |rule| Some(format!("{rule}: {used} bytes are used, {available} are available"));
    if look.disk.1.percent() > config.disk_space_warning_level_ratio {
        of_disk(above(look, "diskSpaceWarningLevelRatio", config.disk_space_warning_level_ratio))
    } else if is_free_too_little(config, look) {
        of_disk(free_too_little(config, look))
    } else if is_log_too_long(config, look) && !config.clean_file_forcibly_enable {
        Some(format!("{}, cleanFileForciblyEnable=false", log_too_long(config, look)))
    } else {
        None
    }
}

fn is_free_too_little(config: &BrokerConfig, look: &Look) -> bool {
    look.disk.1.available < config.disk_free_bytes_min
}

fn is_log_too_long(config: &BrokerConfig, look: &Look) -> bool {
    config.commit_log_max_bytes > 0 && look.log_bytes > config.commit_log_max_bytes
}

fn above(look: &Look, key: &str, limit: u32) -> String {
    format!("{} % of the disk of {} are used, {key}={limit}", look.disk.1.percent(), look.disk.0.display())
}

fn free_too_little(config: &BrokerConfig, look: &Look) -> String {
    let (disk, usage) = &look.disk;
    let (free, min) = (usage.available, config.disk_free_bytes_min);
    format!("{free} bytes of the disk of {} are free, diskFreeBytesMin={min}", disk.display())
}

fn log_too_long(config: &BrokerConfig, look: &Look) -> String {
    format!("the log has {} bytes, commitLogMaxBytes={}", look.log_bytes, config.commit_log_max_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(percent: u64) -> Look {
        let usage = Usage { used: percent * 10, available: 1000 - percent * 10 };
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
