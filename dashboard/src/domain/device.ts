import type { Channel, Device, DeviceState } from "~/api/types";
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

/** The first of the simulated people, whom every sandbox device reaches. */
export const SIMULATED = "6281234560001";

/** Through which device something is tried out: a simulated one, if there is one. */
export function testDevice<D extends Pick<Device, "sandbox">>(devices: readonly D[]): D | undefined {
  return devices.find(({ sandbox }) => sandbox) ?? devices[0];
}

/** One that takes our own templates with their buttons: the official WhatsApp shows those that Meta approved. */
export function takesTemplates<D extends { channel: Channel }>(
  device: D,
): device is D & { channel: Exclude<Channel, "whatsapp-official"> } {
  return device.channel !== "whatsapp-official";
}
