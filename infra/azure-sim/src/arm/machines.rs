use super::Answer;
use super::call::Call;
use super::operations;
use super::read::missing;
use super::rules::location_of;
use super::write::begin;
use crate::world::Change;

/// `state` is the last part of a power state code.
pub(super) fn power(call: &mut Call<'_>, state: &str) -> Answer {
    let key = call.place.parent().to_owned();
    let location = location_of(call.core.world.get(&key).ok_or_else(|| missing(call))?);
    begin(call, &key)?;
    let meanwhile = match state {
        "running" => "starting",
        "deallocated" => "deallocating",
        _ => "stopping",
    };
    if !call.fails_late {
        call.core.world.show_power(&key, meanwhile);
    }
    let change = Change::Power { vm: key, state: state.to_owned() };
    let (started, ()) = operations::start(call, change, &location, |_| ());
    Ok(started.accepted())
}
