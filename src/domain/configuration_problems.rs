//! What is wrong with a configuration as a whole.

use std::fmt;

use super::{Configuration, Role, WellKnownState};

/// Users, queues and the like of each kind that a contact centre can have.
pub const CONFIGURED_LEN_MAX: usize = 20_000;
/// Skills or groups that a user or a queue can name.
pub const NAMES_LEN_MAX: usize = 256;
/// Characters of what people call somebody or something.
pub const DISPLAY_NAME_LEN_MAX: usize = 256;
/// The greatest capacity for a medium: interactions that an agent has at once.
pub const CAPACITY_MAX: u32 = 500;

/// Something that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, in the words of `baton.toml`: `queues`, or `queues` and `sales`.
    pub place: Vec<String>,
    /// What: the rest of a sentence that begins with the place.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.place.join("."), self.text)
    }
}

/// What was found so far.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, kind: &str, text: String) {
        let place = vec![kind.to_owned()];
        self.0.push(Problem { place, text });
    }

    fn add_at(&mut self, kind: &str, name: &str, text: String) {
        let place = vec![kind.to_owned(), name.to_owned()];
        self.0.push(Problem { place, text });
    }
}

impl Configuration {
    /// Everything that is wrong with it; nothing if it can be used.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        self.check_lengths(&mut problems);
        self.check_users(&mut problems);
        self.check_queues(&mut problems);
        for (name, workbin) in &self.workbins {
            check_name(
                &mut problems,
                "workbins",
                name.as_str(),
                &workbin.display_name,
            );
        }
        for (medium, capacity) in &self.capacity {
            if *capacity > CAPACITY_MAX {
                problems.add_at(
                    "capacity",
                    medium.as_str(),
                    format!("is above {CAPACITY_MAX}"),
                );
            }
        }
        for (name, state) in &self.agent_states {
            check_name(
                &mut problems,
                "agent_states",
                name.as_str(),
                &state.display_name,
            );
            let id = state.id.as_deref().unwrap_or(name.as_str());
            let is_known = WellKnownState::ALL.iter().any(|known| known.id == id);
            if WellKnownState::find(name.as_str()).is_some() || is_known {
                problems.add_at(
                    "agent_states",
                    name.as_str(),
                    "has the name or the identifier of a well-known state".to_owned(),
                );
            }
        }
        problems.0
    }

    /// Whether somebody can administer it by a password or a token of the server's own.
    pub fn has_administrator(&self) -> bool {
        let mut users = self.users.values();
        users.any(|user| user.roles.contains(&Role::Admin))
    }

    fn check_lengths(&self, problems: &mut Problems) {
        for (kind, len) in [
            ("users", self.users.len()),
            ("removed_users", self.removed_users.len()),
            ("queues", self.queues.len()),
            ("workbins", self.workbins.len()),
            ("capacity", self.capacity.len()),
            ("agent_states", self.agent_states.len()),
        ] {
            if len > CONFIGURED_LEN_MAX {
                problems.add(kind, format!("has more than {CONFIGURED_LEN_MAX} entries"));
            }
        }
    }

    fn check_users(&self, problems: &mut Problems) {
        for (name, user) in &self.users {
            for text in [&user.first_name, &user.last_name] {
                check_name(problems, "users", name.as_str(), text);
            }
            check_count(problems, "users", name.as_str(), user.groups.len());
            check_count(problems, "users", name.as_str(), user.skills.len());
        }
    }

    fn check_queues(&self, problems: &mut Problems) {
        for (name, queue) in &self.queues {
            let medium = &queue.media_type;
            if !self.capacity.contains_key(medium) {
                problems.add_at(
                    "queues",
                    name.as_str(),
                    format!("is for the medium {medium}, which capacity does not have"),
                );
            }
            check_count(problems, "queues", name.as_str(), queue.pull_groups.len());
            check_count(problems, "queues", name.as_str(), queue.skills.len());
        }
    }
}

fn check_name(problems: &mut Problems, kind: &str, name: &str, text: &str) {
    if text.chars().count() > DISPLAY_NAME_LEN_MAX {
        problems.add_at(
            kind,
            name,
            format!("is called something of more than {DISPLAY_NAME_LEN_MAX} characters"),
        );
    }
}

fn check_count(problems: &mut Problems, kind: &str, name: &str, len: usize) {
    if len > NAMES_LEN_MAX {
        problems.add_at(
            kind,
            name,
            format!("names more than {NAMES_LEN_MAX} skills or groups"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupName, MediaType, Queue, QueueName, User, UserId};

    fn usable() -> Configuration {
        let mut configuration = Configuration::default();
        let admin = User {
            roles: [Role::Admin].into(),
            ..User::default()
        };
        let user = UserId::parse("admin").expect("valid");
        configuration.users.insert(user, admin);
        configuration
    }

    fn found(configuration: &Configuration) -> Vec<String> {
        let problems = configuration.problems();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn there_can_be_so_many_and_no_more() {
        let mut configuration = usable();
        for at in 1..CONFIGURED_LEN_MAX {
            let user = UserId::parse(&format!("user{at}")).expect("valid");
            configuration.users.insert(user, User::default());
        }
        assert_eq!(found(&configuration), Vec::<String>::new());
        let last = UserId::parse("one more").expect("valid");
        configuration.users.insert(last.clone(), User::default());
        assert_eq!(found(&configuration), ["users has more than 20000 entries"]);

        let mut configuration = usable();
        let groups = (0..NAMES_LEN_MAX).map(|at| GroupName::parse(&format!("group{at}")));
        let mut user = User {
            groups: groups.collect::<Result<_, _>>().expect("valid"),
            ..User::default()
        };
        configuration.users.insert(last.clone(), user.clone());
        assert_eq!(found(&configuration), Vec::<String>::new());
        user.groups.insert(GroupName::parse("more").expect("valid"));
        configuration.users.insert(last, user);
        let problem = "users.one more names more than 256 skills or groups";
        assert_eq!(found(&configuration), [problem]);
    }

    #[test]
    fn a_queue_is_for_a_medium_that_there_is() {
        let mut configuration = usable();
        let media_type = MediaType::parse("fax").expect("valid");
        let queue = Queue {
            media_type: media_type.clone(),
            skills: Default::default(),
            pull_groups: Default::default(),
        };
        let name = QueueName::parse("papers").expect("valid");
        configuration.queues.insert(name, queue);
        let problem = "queues.papers is for the medium fax, which capacity does not have";
        assert_eq!(found(&configuration), [problem]);
        configuration
            .capacity
            .insert(media_type.clone(), CAPACITY_MAX);
        assert_eq!(found(&configuration), Vec::<String>::new());
        configuration.capacity.insert(media_type, CAPACITY_MAX + 1);
        assert_eq!(found(&configuration), ["capacity.fax is above 500"]);
    }
}
