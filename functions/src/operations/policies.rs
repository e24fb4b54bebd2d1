use shared::api::{
    ConfiguredVms, PoliciesPreview, PolicyList, PutPolicies, PutPolicy, ReadPolicies, RemovePolicies,
    RemovedPolicy, UnprotectedVms, VmDetail, route,
};

use super::{Operation, delete, post, put};
use crate::handlers::{
    preview_policies::preview_policies, put_policies::put_policies, put_policy::put_policy,
    read_policies::read_policies, remove_policies::remove_policies, remove_policy::remove_policy,
};

const ONE: &str = "/api/vms/{subscription}/{group}/{name}/policy";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        put(ONE, "put_policy", "Enables JIT on a VM, or changes its port rules", put_policy)
            .takes::<PutPolicy>()
            .answers::<VmDetail>("The VM with its guards as they were read back.")
            .refuses(&[409]),
        delete(ONE, "remove_policy", "Removes JIT from a VM", remove_policy)
            .answers::<RemovedPolicy>("What was open by a lease was closed first.")
            .refuses(&[409]),
        put(
            route::POLICIES,
            "put_policies",
            "Enables JIT on many VMs, or changes it; all or none",
            put_policies,
        )
        .takes::<PutPolicies>()
        .answers::<ConfiguredVms>("Each VM with its guards as they were read back.")
        .refuses(&[404, 409, 412]),
        delete(route::POLICIES, "remove_policies", "Removes JIT from many VMs; all or none", remove_policies)
            .takes::<RemovePolicies>()
            .answers::<UnprotectedVms>("What is left of each VM's protection, as it was read back.")
            .refuses(&[404, 409]),
        post(
            route::POLICIES_READ,
            "read_policies",
            "The policies of many VMs, to change them together",
            read_policies,
        )
        .takes::<ReadPolicies>()
        .answers::<PolicyList>("As they are stored; Azure is not asked.")
        .refuses(&[404]),
        post(
            route::POLICIES_PREVIEW,
            "preview_policies",
            "What a change of policies would come to; writes nothing",
            preview_policies,
        )
        .takes::<PutPolicies>()
        .answers::<PoliciesPreview>("Worked out by the code that would do it.")
        .refuses(&[404, 409]),
    ]
}
