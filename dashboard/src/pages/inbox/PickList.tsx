import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import css from "./inbox.module.css";

export interface Choice {
  key: string;
  name: ReactNode;
  about: ReactNode;
  disabled?: boolean;
}

/**
 * A list that one chooses from while writing in a field: the arrows move in it, Enter takes, Escape leaves. `field` belongs on the
 * field, `press` before its own keys: it says whether the key was for the list.
 */
export function usePicking(choices: readonly Choice[], onPick: (index: number) => void, onLeave: () => void) {
  const id = useId();
  const [at, setAt] = useState(0);
  const chosen = Math.min(at, Math.max(0, choices.length - 1));

  function press(event: KeyboardEvent): boolean {
    if (event.nativeEvent.isComposing) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : choices.length - 1;
      setAt((chosen + step) % Math.max(1, choices.length));
    } else if (event.key === "Enter" && !event.shiftKey) {
      if (choices[chosen] && !choices[chosen].disabled) onPick(chosen);
    } else if (event.key === "Escape") onLeave();
    else return false;
    event.preventDefault();
    return true;
  }
  const field = {
    "aria-controls": id,
    "aria-autocomplete": "list" as const,
    "aria-activedescendant": choices.length > 0 ? `${id}-${chosen}` : undefined,
  };
  return { press, field, list: { id, chosen, setAt, choices, onPick } };
}

interface Props {
  label: string;
  empty: string;
  list: ReturnType<typeof usePicking>["list"];
}

export function PickList({ label, empty, list: { id, chosen, setAt, choices, onPick } }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers answer with a promise, which would be taken for what ends the effect.
    box.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  if (choices.length === 0) return <p className="dim small">{empty}</p>;
  return (
    <div className={css.templates} role="listbox" aria-label={label} id={id} ref={box}>
      {choices.map((choice, index) => (
        <button
          type="button"
          key={choice.key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          aria-disabled={choice.disabled}
          className={css.template}
          onFocus={() => setAt(index)}
          onMouseEnter={() => setAt(index)}
          onClick={() => !choice.disabled && onPick(index)}
        >
          <strong>{choice.name}</strong>
          <div className="small dim cut">{choice.about}</div>
        </button>
      ))}
    </div>
  );
}
