/** Light or dark: as the system says, until somebody says otherwise. */

const KEY = "theme";

/**
 * Lets a choice decide, and remembers what was chosen.
 *
 * @param {HTMLSelectElement} choice with the options `system`, `light` and `dark`
 */
export function follow(choice) {
  choice.value = localStorage.getItem(KEY) ?? "system";
  const apply = () => {
    document.documentElement.dataset.theme = choice.value;
    localStorage.setItem(KEY, choice.value);
  };
  choice.addEventListener("change", apply);
  apply();
}
