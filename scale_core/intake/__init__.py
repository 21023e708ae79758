"""Taking files into workspaces, on whatever machine has both; knows no database."""
