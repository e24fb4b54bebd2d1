//! A form as one text, to be kept while somebody types.

use shared::port::Protocol;

use super::{JUSTIFICATIONS, PRECEDENCES, Place, PolicyForm, PortRow, SESSIONS};

/// Nobody types these.
const RECORD: char = '\u{1e}';
const FIELD: char = '\u{1f}';

const PLACES: [Place; 4] = [Place::Having, Place::Every, Place::Linux, Place::Windows];

impl PolicyForm {
    /// With the versions of the policies that were read before it was typed.
    pub(crate) fn to_draft(&self, versions: &[String]) -> String {
        let head = [
            versions.join(" "),
            place(&JUSTIFICATIONS, self.justification),
            place(&PRECEDENCES, self.precedence),
            place(&SESSIONS, self.live_sessions),
        ];
        let mut text = joined(&head);
        for row in &self.rows {
            text.push(RECORD);
            text.push_str(&row.to_draft());
        }
        text
    }

    /// `None`: the draft is of another version of the portal, or of none.
    pub(crate) fn from_draft(text: &str) -> Option<(Vec<String>, Self)> {
        let mut records = text.split(RECORD);
        let mut head = records.next()?.split(FIELD);
        let versions = head.next()?.split(' ').map(str::to_owned).collect();
        let mut form = Self {
            rows: Vec::new(),
            justification: at(&JUSTIFICATIONS, head.next()?),
            precedence: at(&PRECEDENCES, head.next()?),
            live_sessions: at(&SESSIONS, head.next()?),
        };
        for record in records {
            form.rows.push(PortRow::from_draft(record)?);
        }
        Some((versions, form))
    }
}

impl PortRow {
    fn to_draft(&self) -> String {
        joined(&[
            self.id.to_string(),
            self.having.to_string(),
            place(&PLACES, Some(self.place)),
            self.number.clone(),
            place(&Protocol::ALL, self.protocol),
            place(&[false, true], self.limited),
            self.sources.clone(),
            self.hours.clone(),
            self.minutes.clone(),
        ])
    }

    fn from_draft(record: &str) -> Option<Self> {
        let mut fields = record.split(FIELD);
        Some(Self {
            id: fields.next()?.parse().ok()?,
            having: fields.next()?.parse().ok()?,
            place: at(&PLACES, fields.next()?)?,
            number: fields.next()?.to_owned(),
            protocol: at(&Protocol::ALL, fields.next()?),
            limited: at(&[false, true], fields.next()?),
            sources: fields.next()?.to_owned(),
            hours: fields.next()?.to_owned(),
            minutes: fields.next()?.to_owned(),
        })
    }
}

fn joined(fields: &[String]) -> String {
    fields.join("\u{1f}")
}

/// Where a value stands among all; empty for none.
fn place<T: PartialEq>(all: &[T], value: Option<T>) -> String {
    let at = value.and_then(|value| all.iter().position(|one| *one == value));
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn at<T: Copy>(all: &[T], place: &str) -> Option<T> {
    all.get(place.parse::<usize>().ok()?).copied()
}
