"""What panes and screens are made of; each draws one thing and knows no session verb."""
