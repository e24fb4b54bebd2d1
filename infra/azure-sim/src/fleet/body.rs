use serde_json::{Value, json};

use super::builder::Os;

/// The common part of a resource as ARM shows it.
pub(super) fn resource(
    id: &str,
    kind: &str,
    location: &str,
    etag: Option<String>,
    properties: Value,
) -> Value {
    let name = id.rsplit('/').next().unwrap_or_default();
    let mut body =
        json!({"name": name, "id": id, "type": kind, "location": location, "properties": properties});
    if let Some(etag) = etag {
        body["etag"] = etag.into();
    }
    body
}

pub(super) fn virtual_machine(
    name: &str,
    vm_id: &str,
    group: &str,
    nics: &[String],
    os: Os,
    state: &str,
) -> Value {
    let disk = format!("{group}/providers/Microsoft.Compute/disks/{name}_OsDisk");
    let mut nic_refs: Vec<Value> = nics.iter().map(|id| json!({"id": id})).collect();
    if let Some(first) = nic_refs.first_mut() {
        first["properties"] = json!({"primary": true});
    }
    let mut profile = json!({
        "computerName": name, "adminUsername": "azureuser", "secrets": [], "allowExtensionOperations": true,
    });
    match os {
        Os::Linux => {
            profile["linuxConfiguration"] =
                json!({"disablePasswordAuthentication": true, "provisionVMAgent": true})
        }
        Os::Windows => {
            profile["windowsConfiguration"] =
                json!({"provisionVMAgent": true, "enableAutomaticUpdates": true})
        }
    }
    json!({
        "vmId": vm_id,
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": image(os),
            "osDisk": {
                "osType": os.as_str(), "name": format!("{name}_OsDisk"), "createOption": "FromImage",
                "caching": "ReadWrite", "managedDisk": {"storageAccountType": "Premium_LRS", "id": disk},
                "diskSizeGB": if os == Os::Linux { 30 } else { 127 },
            },
            "dataDisks": [],
        },
        "osProfile": profile,
        "networkProfile": {"networkInterfaces": nic_refs},
        "provisioningState": "Succeeded",
        "instanceView": instance_view(name, os.as_str(), state),
    })
}

fn image(os: Os) -> Value {
    match os {
        Os::Linux => {
            json!({"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"})
        }
        Os::Windows => json!({
            "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2",
            "version": "latest",
        }),
    }
}

/// `state` is the last part of a power state code: `running`, `stopped` or `deallocated`.
pub(crate) fn instance_view(name: &str, os: &str, state: &str) -> Value {
    let mut view = json!({
        "disks": [{
            "name": format!("{name}_OsDisk"),
            "statuses": [status("ProvisioningState/succeeded", "Provisioning succeeded")],
        }],
        "hyperVGeneration": "V2",
        "statuses": [
            status("ProvisioningState/succeeded", "Provisioning succeeded"),
            status(&format!("PowerState/{state}"), &format!("VM {state}")),
        ],
    });
    if state == "running" {
        let os_name = if os == Os::Linux.as_str() { "debian" } else { "Windows Server 2022 Datacenter" };
        view["computerName"] = name.into();
        view["osName"] = os_name.into();
        view["vmAgent"] = json!({
            "vmAgentVersion": "2.11.1.12",
            "statuses": [status("ProvisioningState/succeeded", "Ready")],
        });
    }
    view
}

fn status(code: &str, text: &str) -> Value {
    json!({"code": code, "level": "Info", "displayStatus": text})
}

/// A customer's own inbound TCP rule.
pub(super) fn rule(name: &str, priority: u32, access: &str, port: &str, source: &str) -> Value {
    json!({"name": name, "properties": {
        "provisioningState": "Succeeded", "protocol": "Tcp", "sourcePortRange": "*",
        "destinationPortRange": port, "sourceAddressPrefix": source, "destinationAddressPrefix": "*",
        "access": access, "priority": priority, "direction": "Inbound",
        "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
    }})
}
