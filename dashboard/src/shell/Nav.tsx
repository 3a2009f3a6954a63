import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { MoreHorizontal, Search } from "lucide-react";
import { devicesQuery } from "~/api/queries";
import { worst } from "~/domain/device";
import { useI18n } from "~/i18n";
import { State } from "~/ui/State";
import { AccountMenu } from "./AccountMenu";
import { PLACES, type Place } from "./nav";
import { useSession } from "./session";
import css from "./shell.module.css";
import { useUnread } from "./unread";

function usePlaces(): Place[] {
  const { permissions } = useSession();
  return PLACES.filter((place) => permissions.includes(place.part));
}

function Mark({ place }: { place: Place }) {
  const { t } = useI18n();
  const { permissions } = useSession();
  const unread = useUnread();
  const devices = useQuery({ ...devicesQuery, enabled: permissions.includes("devices") });
  if (place.to === "/inbox" && unread)
    return (
      <span className={`${css.mark} ${css.count}`} title={t("nav.unread")}>
        {unread}
      </span>
    );
  const tone = place.to === "/devices" ? worst(devices.data ?? []) : null;
  if (tone === "warn" || tone === "bad")
    return (
      <span className={css.mark} title={t("nav.deviceTrouble")}>
        <State tone={tone} label="" />
      </span>
    );
  return null;
}

export function Side({ onSearch }: { onSearch: () => void }) {
  const { t } = useI18n();
  return (
    <nav className={css.side} aria-label={t("nav.main")}>
      <div className={css.brand}>
        <img src="/favicon.svg" alt="" /> Cetar
      </div>
      <button type="button" className={css.search} onClick={onSearch}>
        <Search size={14} aria-hidden /> <span className="grow cut">{t("palette.open")}</span> <kbd>Ctrl K</kbd>
      </button>
      {usePlaces().map((place) => (
        <Link key={place.to} to={place.to} className={css.link} activeOptions={{ exact: place.to === "/" }}>
          <place.icon size={17} aria-hidden /> {t(place.name)} <Mark place={place} />
        </Link>
      ))}
      <div className={css.foot}>
        <AccountMenu />
      </div>
    </nav>
  );
}

const TABS = 4;

export function BottomBar({ onSearch }: { onSearch: () => void }) {
  const { t } = useI18n();
  const places = usePlaces();
  const more = places.slice(TABS);
  const here = useLocation({ select: ({ pathname }) => pathname });
  // One's own account is reached by it, too, whoever one is.
  const within = ["/settings/account", ...more.map(({ to }) => to)].some((to) => here.startsWith(to));
  return (
    <nav className={css.bottom} aria-label={t("nav.main")}>
      {places.slice(0, TABS).map((place) => (
        <Link key={place.to} to={place.to} className={css.tab} activeOptions={{ exact: place.to === "/" }}>
          <place.icon size={19} aria-hidden /> <span className="cut">{t(place.name)}</span> <Mark place={place} />
        </Link>
      ))}
      <Menu position="top-end">
        <Menu.Target>
          <button type="button" className={css.tab} data-status={within ? "active" : undefined}>
            <MoreHorizontal size={19} aria-hidden /> <span className="cut">{t("nav.more")}</span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {more.map((place) => (
            <Menu.Item key={place.to} component={Link} to={place.to} leftSection={<place.icon size={15} />}>
              {t(place.name)}
            </Menu.Item>
          ))}
          <Menu.Item leftSection={<Search size={15} />} onClick={onSearch}>
            {t("palette.open")}
          </Menu.Item>
          <AccountMenu.Items />
        </Menu.Dropdown>
      </Menu>
    </nav>
  );
}
