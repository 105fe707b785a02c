//! The demo: two contact centres, so that a whole one runs on a laptop in a minute.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    CentreId, Configuration, GroupName, MediaType, Queue, QueueName, Refusal, Role, SkillName,
    User, UserId, Workbin, WorkbinKind, WorkbinName,
};

/// Media of the demo, each with a queue of its name, and how many interactions an agent has of it at once.
const MEDIA: [(&str, u32); 3] = [("chat", 3), ("email", 5), ("workitem", 10)];
const AGENTS: [(&str, &str, &str); 6] = [
    ("agent1", "Ada", "Agent"),
    ("agent2", "Ben", "Broker"),
    ("agent3", "Cleo", "Caller"),
    ("agent4", "Dan", "Dialer"),
    ("agent5", "Eve", "Escort"),
    ("agent6", "Finn", "Fielder"),
];

/// The demo contact centres, with the same password for every user.
///
/// # Errors
/// None that can happen: all names are valid.
pub fn demo(password_hash: &str) -> Result<BTreeMap<CentreId, Configuration>, Refusal> {
    let mut demo = centre()?;
    for (name, first_name, last_name) in AGENTS {
        add(
            &mut demo,
            name,
            first_name,
            last_name,
            Role::Agent,
            password_hash,
        )?;
    }
    for (name, last_name, role) in [
        ("supervisor", "Supervisor", Role::Supervisor),
        ("admin", "Administrator", Role::Admin),
        ("mediaserver", "Media Server", Role::MediaServer),
        ("router", "Router", Role::Router),
        ("reporting", "Reporting", Role::Reporting),
    ] {
        add(&mut demo, name, "Demo", last_name, role, password_hash)?;
    }
    let mut other = centre()?;
    add(
        &mut other,
        "other-agent",
        "Olga",
        "Other",
        Role::Agent,
        password_hash,
    )?;
    add(
        &mut other,
        "other-admin",
        "Otto",
        "Other",
        Role::Admin,
        password_hash,
    )?;
    Ok(BTreeMap::from([
        (CentreId::parse("demo")?, demo),
        (CentreId::parse("other")?, other),
    ]))
}

fn centre() -> Result<Configuration, Refusal> {
    let team = GroupName::parse("team")?;
    let mut configuration = Configuration::default();
    for (name, capacity) in MEDIA {
        let media_type = MediaType::parse(name)?;
        let queue = Queue {
            media_type: media_type.clone(),
            skills: BTreeMap::new(),
            pull_groups: BTreeSet::from([team.clone()]),
        };
        let name = QueueName::parse(name)?;
        configuration.queues.insert(name, queue);
        configuration.capacity.insert(media_type, capacity);
    }
    for (name, display_name, kind) in [
        ("drafts", "Drafts", WorkbinKind::Agent),
        ("team", "Team", WorkbinKind::AgentGroup(team)),
    ] {
        let workbin = Workbin {
            display_name: display_name.to_owned(),
            kind,
        };
        let name = WorkbinName::parse(name)?;
        configuration.workbins.insert(name, workbin);
    }
    Ok(configuration)
}

fn add(
    configuration: &mut Configuration,
    name: &str,
    first_name: &str,
    last_name: &str,
    role: Role,
    password_hash: &str,
) -> Result<(), Refusal> {
    let mut user = User {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        roles: BTreeSet::from([role]),
        password_hash: Some(password_hash.to_owned()),
        ..User::default()
    };
    if role == Role::Agent {
        user.groups.insert(GroupName::parse("team")?);
        for skill in ["english", "sales"] {
            user.skills.insert(SkillName::parse(skill)?, 5);
        }
    }
    configuration.users.insert(UserId::parse(name)?, user);
    Ok(())
}
