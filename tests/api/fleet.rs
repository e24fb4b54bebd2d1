//! More VMs than the demo fleet has, and how much of Azure it takes to work on them.

use serde_json::Value;
use shared::vm::VmId;
use tests::{METRICS_TOKEN, World, vm};

/// Adds so many VMs like `web-02`, which only the NSG of its subnet filters. Their names are in order.
pub(crate) async fn add_like_web_02(world: &World, count: usize) -> Vec<VmId> {
    let state = format!("{}/sim/state", world.sim.url());
    let state: Value = world.http.get(state).send().await.unwrap().json().await.unwrap();
    let all = state.as_object().unwrap();
    let named = |name: &str| all.values().find(|one| one["name"] == name).unwrap().to_string();
    let (machine, nic) = (named("web-02"), named("web-02-nic"));
    let mut added = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("many-{number:03}");
        let mut nic = renamed(&nic, &name);
        let address = &mut nic["properties"]["ipConfigurations"][0]["properties"];
        address["privateIPAddress"] = format!("10.1.1.{}", number + 20).into();
        address.as_object_mut().unwrap().remove("publicIPAddress");
        for body in [nic, renamed(&machine, &name)] {
            let edit = serde_json::json!({ "id": body["id"], "body": body });
            assert_eq!(world.sim_call(reqwest::Method::PUT, "resources", &edit).await, Value::Null);
        }
        added.push(vm(&name));
    }
    added
}

fn renamed(text: &str, name: &str) -> Value {
    serde_json::from_str(&text.replace("web-02", name)).unwrap()
}

/// How often Azure was asked for something since the start.
pub(crate) async fn reads(world: &World) -> u64 {
    let text = world.with_token(METRICS_TOKEN).get("/metrics").await.expect(200).text;
    let of_get = text.lines().filter(|line| line.starts_with("postern_arm_requests_total{method=\"GET\""));
    of_get.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// The paths of the writes to rules whose name has `part`, oldest first.
pub(crate) async fn writes(world: &World, part: &str) -> Vec<String> {
    let all = world.history().await;
    let paths = all.iter().filter_map(|write| write["path"].as_str());
    paths.filter(|path| path.contains(part)).map(str::to_owned).collect()
}

pub(crate) fn ids(vms: &[VmId]) -> Vec<String> {
    vms.iter().map(ToString::to_string).collect()
}
