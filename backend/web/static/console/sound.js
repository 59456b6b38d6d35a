/** The ring: two soft tones made here, so that nothing has to be fetched. */

import { kept } from "./desk.js";

let context;

export function soundIsOn() {
  return kept.get("sound", true);
}

export function setSound(on) {
  kept.set("sound", on);
  if (on) ring();
}

/** Rings if the sound is on. A browser that has not been touched yet stays silent. */
export function ring() {
  if (!soundIsOn()) return;
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
    for (const [index, pitch] of [660, 880].entries()) tone(pitch, context.currentTime + index * 0.16);
  } catch {
    // No sound on this machine; the page's title and the list say the same.
  }
}

function tone(pitch, start) {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.frequency.value = pitch;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.08, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.4);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.45);
}
