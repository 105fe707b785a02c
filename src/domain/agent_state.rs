//! The states that an agent can be in for a medium: well-known ones, and those that the configuration adds.

use serde::{Deserialize, Serialize};

/// A state beyond Ready and NotReady, as it was when the agent chose it: the configuration may change later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenState {
    /// Its identifier.
    pub id: String,
    /// What people call it.
    pub display_name: String,
}

/// A state that every contact centre has (gateway-api section 4, agent states).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellKnownState {
    /// Its identifier, the same everywhere.
    pub id: &'static str,
    /// The `operationName` that leads to it.
    pub operation_name: &'static str,
    /// What people call it.
    pub display_name: &'static str,
    /// `Ready`, `NotReady` or `Logout`.
    pub state: &'static str,
    /// What the agent does meanwhile, where that is known.
    pub work_mode: Option<&'static str>,
}

impl WellKnownState {
    /// The agent takes interactions.
    pub const READY: Self = Self {
        id: "9430250E-0A1B-421F-B372-F29E69366DED",
        operation_name: "Ready",
        display_name: "Ready",
        state: "Ready",
        work_mode: None,
    };
    /// The agent takes none.
    pub const NOT_READY: Self = Self {
        id: "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
        operation_name: "NotReady",
        display_name: "Not Ready",
        state: "NotReady",
        work_mode: None,
    };
    /// Every one, in the order in which desktops list them.
    pub const ALL: [Self; 5] = [
        Self::READY,
        Self::NOT_READY,
        Self {
            id: "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
            operation_name: "AfterCallWork",
            display_name: "After Call Work",
            state: "NotReady",
            work_mode: Some("AfterCallWork"),
        },
        Self {
            id: "2B36138D-C564-4562-A8CB-3C32D564F296",
            operation_name: "AuxWork",
            display_name: "Aux Work",
            state: "NotReady",
            work_mode: Some("AuxWork"),
        },
        Self {
            id: "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB",
            operation_name: "Offline",
            display_name: "Offline",
            state: "Logout",
            work_mode: None,
        },
    ];

    /// The one that an `operationName` leads to.
    pub fn find(operation_name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.operation_name == operation_name)
    }
}
