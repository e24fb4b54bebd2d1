use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::api::{Places, VmDetail, VmList, VmPage, VmQuery, route};

use super::{Content, Operation, get};
use crate::handlers::{
    list_places::list_places,
    list_vms::list_vms,
    read_rdp::{RdpQuery, read_rdp},
    read_vm::read_vm,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(route::VMS, "list_vms", "The VMs that the caller may see", list_vms)
            .asks::<VmQuery>()
            .answers_in(200, "Without a query all of them, else a page.", Content::Json(list_or_page)),
        get(route::PLACES, "list_places", "The subscriptions and resource groups that have VMs", list_places)
            .answers::<Places>("Those of VMs that the caller may see."),
        get("/api/vms/{subscription}/{group}/{name}", "read_vm", "What is true of a VM now", read_vm)
            .answers::<VmDetail>("What is open, until when, by which rule, and what else lets packets in."),
        get(
            "/api/vms/{subscription}/{group}/{name}/rdp",
            "read_rdp",
            "A file that opens a remote desktop client at the VM",
            read_rdp,
        )
        .asks::<RdpQuery>()
        .answers_in(200, "The file.", Content::Text("application/x-rdp"))
        .refuses(&[409]),
    ]
}

fn list_or_page(generator: &mut SchemaGenerator) -> Schema {
    fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
    json_schema!({ "anyOf": [reference::<VmPage>(generator), reference::<VmList>(generator)] })
}
