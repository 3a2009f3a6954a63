import type { Device } from "~/api/types";
import { deviceTone } from "~/domain/device";
import { useI18n } from "~/i18n";
import { State } from "~/ui/State";

export function DeviceStateView({ device }: { device: Device }) {
  const { t } = useI18n();
  const label = device.paused ? t("deviceState.paused") : t(`deviceState.${device.state}`);
  return <State tone={deviceTone(device)} label={label} />;
}
