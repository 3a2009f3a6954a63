import type { Device, DeviceState } from "~/api/types";
import type { Tone } from "~/ui/State";

export const DEVICE_TONE: Record<DeviceState, Tone> = {
  connected: "ok",
  connecting: "busy",
  linking: "busy",
  degraded: "warn",
  restricted: "warn",
  unlinked: "off",
  stopped: "off",
  logged_out: "bad",
  replaced: "bad",
};

const BADNESS: readonly Tone[] = ["off", "ok", "busy", "warn", "bad"];

export function deviceTone(device: Device): Tone {
  return device.paused ? "off" : DEVICE_TONE[device.state];
}

/** The worst state of all devices, for the dot in the navigation. */
export function worst(devices: Device[]): Tone | null {
  const tones = devices.map(deviceTone).sort((a, b) => BADNESS.indexOf(b) - BADNESS.indexOf(a));
  return tones[0] ?? null;
}

/** A device that sends nothing until a person does something. */
export function needsPerson(device: Device): boolean {
  return !device.paused && (deviceTone(device) === "bad" || device.reason === "credentials_expired");
}
