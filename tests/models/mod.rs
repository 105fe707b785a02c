//! The reference's models as documents that run. The form is described in `runner.rs`.

mod document;
mod runner;

macro_rules! models {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                runner::check(concat!("tests/models/", stringify!($name), ".md"));
            }
        )*
    };
}

models! {
    agent_operations,
    change_properties,
    deliver_interaction,
    external_router,
    query_address,
    registration,
    reporting_engine_connects,
    stop_processing,
}
