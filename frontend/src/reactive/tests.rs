use std::{cell::Cell as Count, rc::Rc};

use reactive_graph::owner::Owner;

use super::*;

fn owned(test: impl FnOnce()) {
    Owner::new().with(test);
}

#[test]
fn a_memo_is_worked_out_when_what_it_reads_has_changed_and_not_before() {
    owned(|| {
        let worked_out = Rc::new(Count::new(0));
        let counted = Rc::clone(&worked_out);
        let signal = RwSignal::new(3);
        let double = Memo::new(move |_| {
            counted.set(counted.get() + 1);
            signal.get() * 2
        });
        assert_eq!((double.get_untracked(), double.get_untracked(), worked_out.get()), (6, 6, 1));
        signal.update(|number| *number += 1);
        assert_eq!((double.get_untracked(), worked_out.get()), (8, 2));
    });
}

#[test]
fn a_memo_of_a_memo_rests_where_that_comes_out_the_same() {
    owned(|| {
        let worked_out = Rc::new(Count::new(0));
        let counted = Rc::clone(&worked_out);
        let signal = RwSignal::new(3);
        let is_odd = Memo::new(move |_| signal.get() % 2 == 1);
        let word = Memo::new(move |last: Option<&&str>| {
            counted.set(counted.get() + 1);
            if is_odd.get() { "odd" } else { last.copied().unwrap_or("even") }
        });
        assert_eq!(word.get_untracked(), "odd");
        signal.set(5);
        assert_eq!((word.get_untracked(), worked_out.get()), ("odd", 1));
        signal.set(6);
        assert_eq!((word.get_untracked(), worked_out.get()), ("odd", 2));
    });
}

#[test]
fn a_value_may_be_set_while_it_is_read() {
    owned(|| {
        let signal = RwSignal::new("old".to_owned());
        signal.with_untracked(|text| {
            signal.set("new".to_owned());
            assert_eq!(text, "old");
        });
        assert_eq!(signal.get_untracked(), "new");
    });
}

#[test]
fn what_is_derived_is_asked_for_each_time_and_what_is_stored_stays() {
    owned(|| {
        let signal = RwSignal::new(1);
        let (next, fixed) = (Signal::derive(move || signal.get_untracked() + 1), Signal::from(7));
        signal.set(4);
        assert_eq!((next.get_untracked(), fixed.get_untracked()), (5, 7));
        assert_eq!(Signal::<i32>::from(signal).get_untracked(), 4);
    });
}

#[test]
fn a_signal_whose_owner_is_gone_says_so_and_takes_nothing() {
    let owner = Owner::new();
    let (signal, stored) = owner.with(|| (RwSignal::new(1), StoredValue::new(1)));
    owner.cleanup();
    signal.set(2);
    assert_eq!((signal.try_get_untracked(), signal.try_update(|number| *number)), (None, None));
    assert_eq!((stored.try_get_value(), stored.try_set_value(2)), (None, Some(2)));
}

#[test]
fn the_nearest_of_what_is_given_is_found() {
    owned(|| {
        provide_context(1_u8);
        provide_context("far");
        Owner::new().with(|| {
            provide_context("near");
            assert_eq!((use_context::<&str>(), use_context::<u8>()), (Some("near"), Some(1)));
        });
        assert_eq!((use_context::<&str>(), use_context::<u16>()), (Some("far"), None));
    });
}
