// Small drawings. They only accompany text, so they are hidden from screen readers.

import { html } from "../view.js";

const PATHS = {
  chat: "M4 5h16v11H9l-5 4z",
  email: "M3 5h18v14H3zM3 6l9 7 9-7",
  workitem: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3",
  ready: "M5 13l4 4L19 7",
  notready: "M8 5v14M16 5v14",
  edit: "M4 20l1-5L16 4l4 4L9 19z",
  delete: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  close: "M6 6l12 12M18 6L6 18",
  refresh: "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
  link: "M4 12h16M14 6l6 6-6 6",
  other: "M12 3l9 9-9 9-9-9z",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${PATHS[name] ?? PATHS.other} />
  </svg>`;
}
