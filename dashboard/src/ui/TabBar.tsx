import { Link } from "@tanstack/react-router";
import css from "./tabs.module.css";

export interface Tab {
  to: string;
  name: string;
  exact?: boolean;
}

/** Pages of one section, each with an address of its own. */
export function TabBar({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav className={css.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <Link
          key={tab.to}
          to={tab.to}
          className={css.tab}
          activeOptions={{ exact: tab.exact ?? false, includeSearch: false }}
        >
          {tab.name}
        </Link>
      ))}
    </nav>
  );
}
