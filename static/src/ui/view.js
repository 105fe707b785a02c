// The view library, bound once: templates without a compiler, hooks, signals.

import { h, render } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import htm from "htm";
import { batch, computed, signal } from "@preact/signals";

export const html = htm.bind(h);
export { render, useEffect, useId, useRef, useState, batch, computed, signal };
