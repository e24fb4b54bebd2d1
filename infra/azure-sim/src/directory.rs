use serde::{Deserialize, Serialize};

use crate::ids::secret;

pub(crate) const TENANT: &str = "3f6d2a54-9b1e-4c07-8d45-61c0e8b7a210";
/// The application id URI of the service under test.
pub(crate) const AUDIENCE: &str = "api://postern";
pub(crate) const ARM_AUDIENCE: &str = "https://management.azure.com";
pub(crate) const REQUESTERS_GROUP: &str = "5b0c7c0e-7d7f-4c0b-a1f5-0f3b5c2f6a01";
pub(crate) const EMERGENCY_GROUP: &str = "5b0c7c0e-7d7f-4c0b-a1f5-0f3b5c2f6a02";
pub(crate) const ADA: &str = "a0de8f10-3c55-4f0e-9a57-2d1c9c3e0001";
pub(crate) const RUI: &str = "a0de8f10-3c55-4f0e-9a57-2d1c9c3e0002";
pub(crate) const REA: &str = "a0de8f10-3c55-4f0e-9a57-2d1c9c3e0003";
pub(crate) const NOAH: &str = "a0de8f10-3c55-4f0e-9a57-2d1c9c3e0004";
pub(crate) const ADMIN_APP: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0001";
pub(crate) const REQUESTER_APP: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0002";
pub(crate) const READER_APP: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0003";
pub(crate) const NOBODY_APP: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0004";
pub(crate) const IDENTITY: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0005";
const PORTAL_APP: &str = "b1c5d7a2-60e4-47f1-8b3d-9e2f4a6c0006";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) user_principal_name: String,
    pub(crate) object_id: String,
    /// What the sign-in page says about this person.
    pub(crate) role: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) object_id: String,
    pub(crate) members: Vec<String>,
}

/// An application and its service principal.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) object_id: String,
}

/// Everybody and everything that can sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) people: Vec<Person>,
    pub(crate) groups: Vec<Group>,
    /// The service's own registration, for signing people in.
    pub(crate) portal: Application,
    /// The service's managed identity; its secret is the identity header.
    pub(crate) identity: Application,
    pub(crate) service_principals: Vec<Application>,
}

impl Directory {
    pub(crate) fn demo() -> Self {
        Self {
            people: vec![
                person("Ada Admin", "ada", ADA, "Security administrator of both subscriptions"),
                person("Rui Requester", "rui", RUI, "May request access in the group prod-rg"),
                person("Rea Reader", "rea", REA, "Reads the production subscription"),
                person("Noah Nobody", "noah", NOAH, "Has no role"),
            ],
            groups: vec![group(REQUESTERS_GROUP, &[RUI, REQUESTER_APP]), group(EMERGENCY_GROUP, &[])],
            portal: application("portal", PORTAL_APP),
            identity: application("postern-identity", IDENTITY),
            service_principals: vec![
                application("ADMIN", ADMIN_APP),
                application("REQUESTER", REQUESTER_APP),
                application("READER", READER_APP),
                application("NOBODY", NOBODY_APP),
            ],
        }
    }

    /// Any application that can prove itself with a secret at the token endpoint.
    pub(crate) fn client(&self, client_id: &str) -> Option<&Application> {
        std::iter::once(&self.portal)
            .chain(&self.service_principals)
            .find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(crate) fn person(&self, object_id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.object_id == object_id)
    }

    /// The principal itself and the groups that it is a member of.
    pub(crate) fn identities(&self, object_id: &str) -> Vec<String> {
        let groups = self.groups.iter().filter(|group| group.members.iter().any(|m| m == object_id));
        std::iter::once(object_id.to_owned()).chain(groups.map(|group| group.object_id.clone())).collect()
    }
}

fn person(name: &str, alias: &str, object_id: &str, role: &str) -> Person {
    Person {
        name: name.to_owned(),
        user_principal_name: format!("{alias}@contoso.example"),
        object_id: object_id.to_owned(),
        role: role.to_owned(),
    }
}

fn group(object_id: &str, members: &[&str]) -> Group {
    Group { object_id: object_id.to_owned(), members: members.iter().map(|m| (*m).to_owned()).collect() }
}

/// The service principal's object id differs from the client id, as in a real tenant.
fn application(name: &str, object_id: &str) -> Application {
    Application {
        name: name.to_owned(),
        client_id: object_id.replace("b1c5d7a2-60e4", "c2d6e8b3-71f5"),
        client_secret: secret(),
        object_id: object_id.to_owned(),
    }
}
