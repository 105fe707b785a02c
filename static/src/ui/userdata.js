// User data is a map that may hold maps. The table shows it flat, one row a leaf, by path.

/** Rows in the map's own order: {path: [key…], value}. An empty map is a row of its own. */
export function rowsOf(userData, above = []) {
  return Object.entries(userData ?? {}).flatMap(([key, value]) => {
    const path = [...above, key];
    return isMap(value) && Object.keys(value).length > 0 ? rowsOf(value, path) : [{ path, value }];
  });
}

/** The map that names one leaf alone, as the operations want it. */
export function mapAt(path, value) {
  return path.reduceRight((inner, key) => ({ [key]: inner }), value);
}

export function valueAt(userData, path) {
  return path.reduce((map, key) => (isMap(map) ? map[key] : undefined), userData);
}

export function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value keeps its JSON type while the text still fits it; text that never was anything else stays text. */
export function valueOf(text, before) {
  if (typeof before === "string") {
    return text;
  }
  const parsed = parse(text);
  if (before === undefined) {
    return isMap(parsed) ? parsed : text;
  }
  return parsed === undefined ? text : parsed;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
