import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import css from "./tabs.module.css";

export interface Tab {
  to: string;
  name: string;
  exact?: boolean;
}

/** Pages of one section, each with an address of its own. */
export function TabBar({ label, tabs }: { label: string; tabs: Tab[] }) {
  const bar = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: which tab is active follows from the address
  useEffect(() => {
    const tab = bar.current?.querySelector<HTMLElement>('[data-status="active"]');
    // Not `scrollIntoView`: it would move the page as well.
    if (tab && bar.current) bar.current.scrollLeft = tab.offsetLeft - (bar.current.clientWidth - tab.offsetWidth) / 2;
  }, [pathname]);
  return (
    <nav className={css.tabs} aria-label={label} ref={bar}>
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
