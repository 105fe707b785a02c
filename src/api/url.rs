//! The parts of a URL, with rejections in the interface's own shape.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::App;
use super::error::ApiError;

/// The query's parameters; those that a route does not know are ignored.
pub(super) struct Parameters<T>(pub(super) T);

/// The one segment of the path that is not fixed.
pub(super) struct Segment(pub(super) String);

/// The segments of the path that are not fixed, in order.
pub(super) struct Segments<const N: usize>(pub(super) [String; N]);

impl<const N: usize> FromRequestParts<App> for Segments<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<Vec<String>>::from_request_parts(parts, app).await;
        let Path(segments) = path.map_err(|_| ApiError::not_found())?;
        let segments = segments.try_into().map_err(|_| ApiError::not_found())?;
        Ok(Self(segments))
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, app).await;
        let Query(parameters) = query.map_err(|_| ApiError::invalid("The query cannot be read"))?;
        Ok(Self(parameters))
    }
}

impl FromRequestParts<App> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, app).await;
        let Path(segment) = path.map_err(|_| ApiError::not_found())?;
        Ok(Self(segment))
    }
}
