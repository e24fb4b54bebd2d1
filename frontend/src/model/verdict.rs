//! Whether the request in the form would be admitted: the server's own law, run beforehand.

use shared::{
    api::{CreateGrant, OpeningForm, Session, VmDetail},
    decision::{Denial, Denials, denials},
    request::{AccessRequest, Justification, Opening},
    vm::VmId,
};

use super::{
    denial, durations,
    form::{Field, Objection, Parsed, RequestForm, capitalised},
    language::{Language, say},
};

/// The request to send, or everything that speaks against it.
pub(crate) fn verdict(
    form: &RequestForm,
    detail: &VmDetail,
    session: &Session,
    language: Language,
) -> Result<CreateGrant, Vec<Objection>> {
    let Parsed { sources, duration, why } = form.parse(&session.source, language)?;
    let opening = Opening { vm: detail.summary.vm.clone(), port: form.port, sources, duration };
    let judged = judge(vec![opening.clone()], why.clone(), &[detail]);
    match judged.map_err(|error| vec![Objection { field: None, text: capitalised(&error) }])? {
        None => Ok(create_grant(opening, why)),
        Some(denials) => Err(denials.as_slice().iter().map(|denial| objection(denial, language)).collect()),
    }
}

/// What the law says of openings of these VMs; an error where they make no request at all.
pub(super) fn judge(
    openings: Vec<Opening>,
    why: Option<Justification>,
    details: &[&VmDetail],
) -> Result<Option<Denials>, String> {
    let request = AccessRequest::new(openings, why).map_err(|error| error.to_string())?;
    let of = |vm: &VmId| details.iter().find(|detail| detail.summary.vm == *vm);
    let policy =
        |vm: &VmId| details.iter().filter_map(|detail| detail.policy.as_ref()).find(|one| one.vm == *vm);
    let may_ask = |vm: &VmId| of(vm).is_some_and(|detail| detail.summary.rights.request);
    Ok(denials(&policy, &may_ask, &request))
}

fn create_grant(opening: Opening, justification: Option<Justification>) -> CreateGrant {
    let Opening { vm, port, sources, duration } = opening;
    let opening = OpeningForm { vm, port, sources: Some(sources), duration };
    CreateGrant { openings: vec![opening], justification }
}

fn objection(denial: &Denial, language: Language) -> Objection {
    let field = match denial {
        Denial::VmNotProtected { .. } | Denial::RequestNotPermitted { .. } => None,
        Denial::PortNotInPolicy { .. } => Some(Field::Port),
        Denial::SourceNotAllowed { .. } => Some(Field::From),
        Denial::DurationOverMaximum { .. } => Some(Field::For),
        Denial::JustificationRequired { .. } => Some(Field::Why),
    };
    Objection { field, text: denial::sentence(denial, language) }
}

/// What the one button will do: *Open SSH 22* and *from 203.0.113.7 for 1 hour*.
pub(crate) fn action(form: &RequestForm, session: &Session, language: Language) -> (String, String) {
    let what = match form.port.service() {
        Some(service) => say!(language, verdict.open_service, service = service, port = form.port),
        None => say!(language, verdict.open_port, port = form.port),
    };
    let parsed = form.parse(&session.source, language);
    let how = parsed.map_or_else(
        |_| say!(language, verdict.incomplete).to_owned(),
        |Parsed { sources, duration, .. }| {
            let length = durations::in_words(duration.seconds(), language);
            say!(language, verdict.how, sources = sources, length = length)
        },
    );
    (what, how)
}

#[cfg(test)]
mod tests {
    use shared::policy::JustificationRule;

    use super::*;
    use crate::model::samples::{a_detail, a_form, a_session};

    fn fields(outcome: Result<CreateGrant, Vec<Objection>>) -> Vec<Option<Field>> {
        outcome.unwrap_err().into_iter().map(|objection| objection.field).collect()
    }

    #[test]
    fn accepts_the_starting_form_and_names_its_source_explicitly() {
        let body = verdict(&a_form(), &a_detail(), &a_session(), Language::en).unwrap();
        assert_eq!(body.openings[0].sources.as_ref().unwrap().to_string(), "203.0.113.7");
        assert_eq!(body.openings[0].duration.to_string(), "PT1H");
    }

    #[test]
    fn rejects_with_every_reason_at_its_field() {
        let mut detail = a_detail();
        detail.policy.as_mut().unwrap().justification = JustificationRule::Required;
        let form = RequestForm { minutes: "240".to_owned(), ..a_form() };
        assert_eq!(
            fields(verdict(&form, &detail, &a_session(), Language::en)),
            [Some(Field::Why), Some(Field::For)]
        );
        let other_port = RequestForm { port: 443.try_into().unwrap(), why: "x".to_owned(), ..a_form() };
        assert_eq!(fields(verdict(&other_port, &detail, &a_session(), Language::en)), [Some(Field::Port)]);
    }

    #[test]
    fn rejects_a_caller_without_the_right_to_ask() {
        let mut detail = a_detail();
        detail.summary.rights.request = false;
        assert_eq!(fields(verdict(&a_form(), &detail, &a_session(), Language::en)), [None]);
    }

    #[test]
    fn too_long_is_said_in_words() {
        let form = RequestForm { minutes: "240".to_owned(), ..a_form() };
        let objections = verdict(&form, &a_detail(), &a_session(), Language::en).unwrap_err();
        assert_eq!(objections[0].text, "4 hours is longer than the 3 hours that port 22 allows");
    }

    #[test]
    fn the_button_says_exactly_what_it_will_do() {
        let session = a_session();
        let said = |form: &RequestForm| action(form, &session, Language::en);
        let owned = |what: &str, how: &str| (what.to_owned(), how.to_owned());
        assert_eq!(said(&a_form()), owned("Open SSH 22", "from 203.0.113.7 for 1 hour"));
        let other = RequestForm { port: 8443.try_into().unwrap(), minutes: String::new(), ..a_form() };
        assert_eq!(said(&other), owned("Open port 8443", "complete the request below"));
    }
}
