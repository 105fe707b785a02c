//! The rules of an interaction's attributes (interaction-models 2.6), each with a story and what the record says then.

use serde_json::{Value, json};

use super::document::parse_line;
use super::world::{START_MS, World};
use baton::domain::Timestamp;

/// What is done before every story.
const GIVEN: &str = "
    Reporting->>Server: RequestRegisterClient
    MediaServer->>Server: RequestRegisterClient
    URS->>Server: RequestRegisterClient
    URS->>Server: RegisterAddress thisDN=chat
    A1->>Server: RequestAgentLogin mediaList.chat=1
    A2->>Server: RequestAgentLogin mediaList.chat=0
";

/// A rule, a story of I1, and attributes at its end; `+30` is the time 30 seconds after the start.
type Rule = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const RULES: &[Rule] = &[
    (
        "whoever is left owns it",
        "A1->>Server: RequestSubmit interactionId=I1 mediaType=chat
         A1->>Server: RequestConference interaction=I1 agentId=A2
         A2->>Server: RequestAccept interaction=I1
         A1->>Server: RequestLeaveInteraction interaction=I1",
        &[("assignedTo", "A2")],
    ),
    (
        "who invited another keeps it when that one leaves",
        "A1->>Server: RequestSubmit interactionId=I1 mediaType=chat
         A1->>Server: RequestConference interaction=I1 agentId=A2
         A2->>Server: RequestAccept interaction=I1
         A2->>Server: RequestLeaveInteraction interaction=I1",
        &[("assignedTo", "A1")],
    ),
    (
        "what no queue is named for belongs to one of its medium",
        "A1->>Server: RequestSubmit interactionId=I1 mediaType=email",
        &[("queue", "email")],
    ),
    (
        "without a workbin of his own, what an agent leaves goes to a queue of its medium",
        "Note over Server: configuration workbins={}
         A1->>Server: RequestSubmit interactionId=I1 mediaType=email
         A1->>Server: RequestAgentLogout",
        &[("queue", "email")],
    ),
    (
        "what the submission says stays",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat interactionType=Inbound interactionSubtype=InboundNew receivedAt=2029-01-02T03:04:05Z
         Note over Server: 7s pass
         MediaServer->>Server: RequestChangeProperties interaction=I1 addedProperties.Segment=Gold",
        &[
            ("interactionSubtype", "InboundNew"),
            ("interactionType", "Inbound"),
            ("mediaType", "chat"),
            ("receivedAt", "2029-01-02T03:04:05.000Z"),
            ("submittedAt", "+0"),
            ("submittedBy", "MediaServer"),
        ],
    ),
    (
        "DeliveredAt is when it was first offered to an agent",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         Note over Server: 10s pass
         URS->>Server: RequestRouteCall interaction=I1 agent=A1
         A1->>Server: RequestReject interaction=I1
         Note over Server: 20s pass
         URS->>Server: RequestRouteCall interaction=I1 agent=A1
         A1->>Server: RequestAccept interaction=I1",
        &[("deliveredAt", "+10"), ("assignedAt", "+30"), ("assignedTo", "A1")],
    ),
    (
        "nothing is delivered that was never offered",
        "A1->>Server: RequestNotReadyForMedia
         MediaServer->>Server: RequestSubmit interactionId=I1 queue=second
         A2->>Server: RequestPull queue=second",
        &[("deliveredAt", "null"), ("interactionState", "3")],
    ),
    (
        "MovedToQueueAt is when it first came to this queue, and PlacedInQueueAt when it last did",
        "A1->>Server: RequestNotReadyForMedia
         MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         Note over Server: 10s pass
         URS->>Server: RequestRouteCall interaction=I1 queue=second
         Note over Server: 10s pass
         A2->>Server: RequestPull queue=second
         Note over Server: 10s pass
         A2->>Server: RequestPlaceInQueue interaction=I1 queue=chat",
        &[
            ("movedToQueueAt", "+0"),
            ("placedInQueueAt", "+30"),
            ("submittedToRouterAt", "+30"),
            ("interactionState", "2"),
            ("assignedTo", "null"),
        ],
    ),
    (
        "the other queue has a time of its own",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         A1->>Server: RequestNotReadyForMedia
         Note over Server: 10s pass
         URS->>Server: RequestRouteCall interaction=I1 queue=second",
        &[
            ("movedToQueueAt", "+10"),
            ("placedInQueueAt", "+10"),
            ("queue", "second"),
            ("interactionState", "0"),
        ],
    ),
    (
        "what returns by itself is placed anew, and has not moved",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         Note over Server: 10s pass
         URS->>Server: RequestRouteCall interaction=I1 agent=A1
         Note over Server: 30s pass",
        &[("movedToQueueAt", "+0"), ("placedInQueueAt", "+40"), ("deliveredAt", "+10")],
    ),
    (
        "CompletedAt is when it was stopped, which happens once",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         Note over Server: 10s pass
         MediaServer->>Server: RequestStopProcessing interaction=I1
         Note over Server: 10s pass
         MediaServer->>Server: RequestStopProcessing interaction=I1",
        &[("completedAt", "+10"), ("abandonedAt", "null")],
    ),
    (
        "ExternalId, ParentID and the subject change",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat externalId=one parentInteractionId=P1 subject=Hello
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.ExternalId=two changedProperties.ParentID=P2
         MediaServer->>Server: RequestChangeProperties interaction=I1 addedProperties.Subject=Bye",
        &[("externalId", "two"), ("parentInteractionId", "P2"), ("subject", "Bye")],
    ),
    (
        "a customer who is there has not left",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat isOnline=1
         Note over Server: 10s pass
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=1",
        &[("isOnline", "1"), ("abandonedAt", "null")],
    ),
    (
        "AbandonedAt is when the media server first said that the customer has left",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat isOnline=true
         Note over Server: 10s pass
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=0
         Note over Server: 10s pass
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=1
         Note over Server: 10s pass
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=false",
        &[("isOnline", "0"), ("abandonedAt", "+10")],
    ),
    (
        "who was never there does not leave",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=0",
        &[("isOnline", "0"), ("abandonedAt", "null")],
    ),
    (
        "an e-mail has nobody online",
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=email isOnline=0
         MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=1",
        &[("isOnline", "0"), ("abandonedAt", "null")],
    ),
];

#[test]
fn attributes_follow_their_rules() {
    for (rule, story, attributes) in RULES {
        let mut world = World::new();
        tell(&mut world, GIVEN);
        tell(&mut world, story);
        let record = world.record("I1");
        for (name, expected) in *attributes {
            assert_eq!(shown(&record[*name]), at(expected), "{rule}: {name}");
        }
    }
}

/// Names of 2.6 that attached data must not shadow.
const RESERVED: &str = "InteractionId MediaType InteractionType InteractionSubtype TenantId Queue Workbin WorkbinAgentId \
    WorkbinPlaceId WorkbinAgentGroupId WorkbinPlaceGroupId InteractionState AbandonedAt IsLocked IsHeld HeldAt ReceivedAt \
    SubmittedAt SubmittedBy SubmitSeq PlacedInQueueAt PlaceInQueueSeq MovedToQueueAt SubmittedToRouterAt DeliveredAt \
    AssignedTo AssignedAt CompletedAt FlexibleProperties";

const READ_ONLY: &str = "code=1003";

#[test]
fn reserved_names_are_refused_wherever_data_is_attached() {
    let mut world = World::new();
    tell(&mut world, GIVEN);
    tell(
        &mut world,
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat",
    );
    for name in RESERVED.split_whitespace() {
        for request in [
            "MediaServer->>Server: RequestSubmit queue=chat userData",
            "MediaServer->>Server: RequestChangeProperties interaction=I1 addedProperties",
            "MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties",
            "MediaServer->>Server: RequestChangeProperties interaction=I1 deletedProperties",
            "URS->>Server: RequestUpdateUserData interaction=I1 userData",
            "URS->>Server: RequestDeleteUserData interaction=I1 userData",
        ] {
            let heard = tell(&mut world, &format!("{request}.{name}=1"));
            assert!(heard[0].contains(READ_ONLY), "{request}.{name}: {heard:?}");
        }
    }
}

#[test]
fn only_a_media_server_says_whether_the_customer_is_there() {
    let mut world = World::new();
    tell(&mut world, GIVEN);
    tell(
        &mut world,
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat isOnline=1",
    );
    let router = "URS->>Server: RequestUpdateUserData interaction=I1 userData.IsOnline=0";
    assert!(tell(&mut world, router)[0].contains(READ_ONLY));
    tell(
        &mut world,
        "URS->>Server: RequestRouteCall interaction=I1 agent=A1",
    );
    tell(&mut world, "A1->>Server: RequestAccept interaction=I1");
    let agent = "A1->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline=0";
    assert!(tell(&mut world, agent)[0].contains(READ_ONLY));
    for value in ["2", "soon", "{}"] {
        let request = format!(
            "MediaServer->>Server: RequestChangeProperties interaction=I1 changedProperties.IsOnline={value}"
        );
        assert!(
            tell(&mut world, &request)[0].contains("code=1002"),
            "{value}"
        );
    }
    let email = "MediaServer->>Server: RequestSubmit queue=email isOnline=1";
    assert!(tell(&mut world, email)[0].contains("code=1002"));
}

#[test]
fn answers_and_invitations_say_what_they_are_about() {
    let mut world = World::new();
    let mut last = |story: &str, event: &str| {
        tell(&mut world, story);
        let mut wire = world.wire.iter().rev();
        wire.find(|it| it["event"] == event).unwrap().clone()
    };
    last(GIVEN, "EventAck");
    let submit = "MediaServer->>Server: RequestSubmit interactionId=I1 queue=chat";
    assert_eq!(last(submit, "EventAck")["interactionId"], "I1");
    let offer = "URS->>Server: RequestRouteCall interaction=I1 agent=A1";
    assert_eq!(last(offer, "EventInvite")["expiresAt"], at("+30"));
    let accept = "A1->>Server: RequestReject interaction=I1";
    last(accept, "EventRouteUsed");
    let place = "URS->>Server: RequestRouteCall interaction=I1 queue=second";
    let used = last(place, "EventRouteUsed");
    assert_eq!(used["interactionId"], "I1");
    assert_eq!(used["result"], "Delivered");
}

#[test]
fn reporting_hears_who_did_it() {
    let mut world = World::new();
    tell(&mut world, GIVEN);
    tell(
        &mut world,
        "A1->>Server: RequestSubmit interactionId=I1 mediaType=chat",
    );
    let mut events = world.wire.iter();
    let login = events.find(|event| event["event"] == "EventAgentLogin");
    assert_eq!(login.unwrap()["actor"]["agentId"], "A1");
    let submitted = events.find(|event| event["event"] == "EventInteractionSubmitted");
    assert_eq!(submitted.unwrap()["actor"]["agentId"], "A1");
}

fn tell(world: &mut World, story: &str) -> Vec<String> {
    let lines = story.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .flat_map(|line| world.play(&parse_line(line)))
        .collect()
}

fn at(expected: &str) -> String {
    match expected
        .strip_prefix('+')
        .and_then(|seconds| seconds.parse::<u64>().ok())
    {
        Some(seconds) => Timestamp(START_MS).plus_ms(seconds * 1_000).to_string(),
        None => expected.to_owned(),
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| json!(value).to_string(), str::to_owned)
}
