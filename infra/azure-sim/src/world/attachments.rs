use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{World, children};

/// Which network interfaces and subnets name an NSG, by the key of the NSG.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    interfaces: HashMap<String, Vec<Value>>,
    subnets: HashMap<String, Vec<Value>>,
}

/// The attachments as they were at some state of the networks.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache(Option<(u64, Arc<Attachments>)>);

impl Attachments {
    pub(crate) fn has_any(&self, nsg: &str) -> bool {
        self.interfaces.contains_key(nsg) || self.subnets.contains_key(nsg)
    }

    /// References as an NSG shows them.
    pub(crate) fn interfaces(&self, nsg: &str) -> Option<&Vec<Value>> {
        self.interfaces.get(nsg)
    }

    pub(crate) fn subnets(&self, nsg: &str) -> Option<&Vec<Value>> {
        self.subnets.get(nsg)
    }

    fn of(world: &World) -> Self {
        let mut found = Self::default();
        for (_, nic) in world.all_of("microsoft.network/networkinterfaces") {
            attach(&mut found.interfaces, nic);
        }
        for (_, vnet) in world.all_of("microsoft.network/virtualnetworks") {
            children(vnet, "subnets").iter().for_each(|subnet| attach(&mut found.subnets, subnet));
        }
        found
    }
}

impl World {
    pub(crate) fn attachments(&mut self) -> Arc<Attachments> {
        let topology = self.resources.topology();
        if let Some((_, known)) = self.attached.0.as_ref().filter(|(of, _)| *of == topology) {
            return known.clone();
        }
        let found = Arc::new(Attachments::of(self));
        self.attached = Cache(Some((topology, found.clone())));
        found
    }
}

fn attach(found: &mut HashMap<String, Vec<Value>>, holder: &Value) {
    if let Some(nsg) = holder["properties"]["networkSecurityGroup"]["id"].as_str() {
        found.entry(nsg.to_ascii_lowercase()).or_default().push(json!({"id": holder["id"]}));
    }
}
