use std::io::Write;

use http::Method;
use serde_json::json;
use shared::{api, vm::VmId};
use tests::{CLIENT_ADDRESS, World, vm};

use crate::{
    network::{Network, STRANGER},
    ssh::{Server, Session},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ssh_connects_during_a_grant_only_and_its_session_goes_on_where_the_policy_never_cuts() {
    let Some(mut scene) = Scene::set("web-01", "never").await else { return };
    let mut session = scene.play_until_refused_again().await;
    assert!(!scene.flows_were_cut().await);
    assert!(session.repeats("still here"), "the session does not outlive its grant");
}

/// This VM has an NSG at its subnet and one at its interface, and both get the rules.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_session_dies_at_the_end_of_its_grant_where_the_policy_says_so() {
    let Some(mut scene) = Scene::set("win-01", "at_end").await else { return };
    let mut session = scene.play_until_refused_again().await;
    assert!(scene.flows_were_cut().await);
    assert!(!session.repeats("still here"), "the session outlives its grant");
    assert!(session.has_ended(), "ssh waits for ever");
}

struct Scene {
    world: World,
    vm: VmId,
    live_sessions: &'static str,
    network: Network,
    server: Server,
    /// How many flows azure-sim had dropped when the kernel was last told.
    dropped: usize,
}

impl Scene {
    /// Everything but Postern's policy; `None`, with the reason printed, where this machine or this user cannot.
    async fn set(name: &str, live_sessions: &'static str) -> Option<Self> {
        let (world, vm) = (World::start().await, vm(name));
        let machine = world.app.engine.fabric.machine(&vm).await.expect("ARM answers").expect("it exists");
        let address = &machine.interfaces[0].addresses[0];
        let public = address.public.expect("the VM has a public address");
        match Network::create(name, public, address.private) {
            Ok(network) => {
                let server = Server::start(&network).expect("sshd starts");
                Some(Self { world, vm, live_sessions, network, server, dropped: 0 })
            }
            Err(why) => {
                writeln!(std::io::stdout(), "skipped: ssh through a real kernel: {why}")
                    .expect("stdout takes a line");
                None
            }
        }
    }

    /// The whole story up to the first refusal after the grant; the session that began within it.
    async fn play_until_refused_again(&mut self) -> Session {
        self.follow_azure().await;
        self.is_shut_for(CLIENT_ADDRESS);
        self.enable().await;
        self.follow_azure().await;
        self.is_shut_for(CLIENT_ADDRESS);

        self.world.client("REQUESTER").await.open(&self.vm, 22, "PT1M").await.expect(201);
        self.follow_azure().await;
        self.is_open_for(CLIENT_ADDRESS);
        self.is_shut_for(STRANGER);
        let mut session = self.server.session(&self.network, CLIENT_ADDRESS);
        assert!(session.repeats("here"), "no session begins");
        self.establish_in_azure().await;

        self.world.pass(59);
        self.world.sweep().await;
        self.follow_azure().await;
        self.is_open_for(CLIENT_ADDRESS);
        assert!(session.repeats("and here"), "a live session is disturbed");

        self.world.pass(1);
        self.world.sweep().await;
        self.follow_azure().await;
        self.is_shut_for(CLIENT_ADDRESS);
        session
    }

    async fn enable(&self) {
        let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
        let policy = json!({
            "ports": [rule], "justification": "optional", "precedence": "customer_first",
            "live_sessions": self.live_sessions,
        });
        let admin = self.world.client("ADMIN").await;
        admin.call(Method::PUT, &api::policy_path(&self.vm), Some(policy.to_string())).await.expect(200);
    }

    /// Tells azure-sim of the session, which cannot see it.
    async fn establish_in_azure(&self) {
        let flow = json!({ "vm": self.vm.to_string(), "port": 22, "source": CLIENT_ADDRESS });
        let answer = self.world.sim_call(reqwest::Method::POST, "flows", &flow).await;
        assert_eq!(answer["state"], "established", "{answer}");
    }

    async fn flows_were_cut(&self) -> bool {
        self.dropped_flows().await > 0
    }

    async fn dropped_flows(&self) -> usize {
        let flows = self.world.sim_call(reqwest::Method::GET, "flows", &json!({})).await;
        let flows = flows.as_array().expect("a list");
        flows.iter().filter(|flow| flow["state"] == "dropped").count()
    }

    /// Has the kernel do what the NSGs on the VM's path say now, and look at flows again if Azure did.
    async fn follow_azure(&mut self) {
        let fabric = &self.world.app.engine.fabric;
        let machine = fabric.machine(&self.vm).await.expect("ARM answers").expect("it exists");
        let path = machine.paths().find(|path| path.destination == self.network.private);
        let path = path.expect("the VM keeps its address");
        let mut nsgs = Vec::new();
        for id in path.nsgs {
            nsgs.push(fabric.observe(id).await.expect("ARM answers").expect("it exists"));
        }
        let dropped = self.dropped_flows().await;
        self.network.load(&nsgs, path.virtual_network, dropped > self.dropped);
        self.dropped = dropped;
    }

    #[track_caller]
    fn is_open_for(&self, from: &str) {
        assert_eq!(self.server.run(&self.network, from, "echo in"), Ok("in".to_owned()));
    }

    /// Shut by the network: packets vanish, so that nobody is there to refuse the client.
    #[track_caller]
    fn is_shut_for(&self, from: &str) {
        let answer = self.server.run(&self.network, from, "echo in");
        assert!(answer.as_ref().is_err_and(|why| why.contains("timed out")), "{answer:?}");
    }
}
