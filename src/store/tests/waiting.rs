//! Delayed and half messages: what waits follows from the log, over every kind of end.

use skylark_protocol::message::sys_flag;

use super::*;

pub(super) const EVER: i64 = i64::MAX - 1;
pub(super) const ANY: Due = Due { due: 0, physical_offset: 0 };

impl Bench {
    fn store_one(&self, store: &Store, message: NewMessage) -> Put {
        self.runtime.block_on(store.put(message)).unwrap()
    }

    pub(super) fn delay(&self, store: &Store, due: i64) -> Due {
        let put = self.store_one(store, message(TIMER_TOPIC, 0, b"later", &format!("{DUE_PROPERTY}\u{1}{due}")));
        Due { due, physical_offset: put.physical_offset }
    }

    pub(super) fn deliver(&self, store: &Store, due: Due) {
        let delivery = message("T", 0, b"later", &format!("{DUE_PROPERTY}\u{1}{}", due.due));
        self.store_one(store, NewMessage { prepared_transaction_offset: due.physical_offset, ..delivery });
    }

    pub(super) fn half(&self, store: &Store) -> i64 {
        self.store_one(store, message(HALF_TOPIC, 0, b"half", "")).physical_offset
    }

    pub(super) fn commit(&self, store: &Store, half: i64) {
        let commit = message("T", 0, b"half", "");
        let sys_flag = sys_flag::TRANSACTION_COMMIT;
        self.store_one(store, NewMessage { prepared_transaction_offset: half, sys_flag, ..commit });
    }
}

/// Runs `check` on the store as it is, sealed, restarted, and with its index lost.
fn over_every_end(bench: &Bench, mut store: Arc<Store>, check: impl Fn(&Store, &str)) {
    check(&store, "as it is");
    seal(&store);
    check(&store, "sealed");
    crash(store);
    store = bench.open().0;
    check(&store, "restarted");
    crash(store);
    std::fs::remove_dir_all(bench.folder.path().join("index")).unwrap();
    store = bench.open().0;
    check(&store, "folded anew");
    crash(store);
}

#[test]
fn a_delayed_message_waits_until_its_delivery_is_in_the_log() {
    for seal_between in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (store, _) = bench.open();
        let dues: Vec<Due> = [30, 10, 20, 10].map(|due| bench.delay(&store, due)).to_vec();
        if seal_between {
            seal(&store);
        }
        bench.deliver(&store, dues[1]);
        over_every_end(&bench, store, |store, when| {
            assert_eq!(store.due(ANY, EVER, 9).unwrap(), [dues[3], dues[2], dues[0]], "{when}");
            assert_eq!(store.due(ANY, 20, 9).unwrap(), [dues[3], dues[2]], "{when}");
            assert_eq!(store.due(dues[2], EVER, 1).unwrap(), [dues[2]], "{when}");
            // As after the clock was set back.
            assert_eq!(store.due(dues[2], 10, 9).unwrap(), [], "{when}");
        });
    }
}

#[test]
fn a_delay_level_of_a_java_broker_is_timed_by_the_level_table() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let puts: Vec<Put> = ["1", "2", "9", "x"]
        .map(|level| bench.store_one(&store, message(SCHEDULE_TOPIC, 0, b"", &format!("DELAY\u{1}{level}"))))
        .to_vec();
    let delays = puts.iter().map(|put| {
        let found = store.due(ANY, EVER, 9).unwrap();
        found.iter().find(|due| due.physical_offset == put.physical_offset).unwrap().due - put.store_timestamp
    });
    assert_eq!(delays.collect::<Vec<_>>(), [1_000, 5_000, 5_000, 1_000]);
}

#[test]
fn a_half_message_waits_until_its_outcome_is_in_the_log() {
    for seal_between in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (store, _) = bench.open();
        // Offset 0 is an offset as any other.
        let halves: Vec<i64> = (0..5).map(|_| bench.half(&store)).collect();
        if seal_between {
            seal(&store);
        }
        bench.commit(&store, halves[0]);
        let rollback = message(OP_TOPIC, 0, b"1", "");
        bench.store_one(&store, NewMessage { prepared_transaction_offset: halves[1], ..rollback });
        let by_java = message(OP_TOPIC, 0, b"2", "");
        bench.store_one(&store, by_java);
        over_every_end(&bench, store, |store, when| {
            assert_eq!(store.undecided(0, 9).unwrap(), halves[3..], "{when}");
            let decided: Vec<bool> = halves.iter().map(|half| !store.is_undecided(*half).unwrap()).collect();
            assert_eq!(decided, [true, true, true, false, false], "{when}");
        });
    }
}

#[test]
fn a_delivery_that_a_power_cut_took_is_due_again() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let due = bench.delay(&store, 10);
    seal(&store);
    bench.deliver(&store, due);
    assert_eq!(store.due(ANY, EVER, 9).unwrap(), []);
    crash(store);
    bench.disk.lose_unsynced();
    let (store, _) = bench.open();
    assert_eq!(store.due(ANY, EVER, 9).unwrap(), [due]);
}

#[test]
fn long_lists_are_read_in_pieces() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let dues: Vec<Due> = (0..40).map(|n| bench.delay(&store, n)).collect();
    seal(&store);
    dues[..30].iter().for_each(|due| bench.deliver(&store, *due));
    let late = bench.delay(&store, 5);
    assert_eq!(store.due(ANY, EVER, 4).unwrap(), [late, dues[30], dues[31], dues[32]]);
}
