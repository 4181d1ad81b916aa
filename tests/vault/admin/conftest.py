from tests.vault.admin.stage import installation, stage

__all__ = ["installation", "stage"]
